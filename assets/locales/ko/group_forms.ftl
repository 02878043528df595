# 그룹에 관한 양식.
form-close = 닫기
form-new-title = 새 그룹
form-name = 그룹 이름
form-name-hint = 7학년 2반 수학
form-picture = 사진 선택
form-picture-line = PNG 또는 JPEG 파일을 고르거나 여기에 놓으세요
form-picture-change = 다른 사진
form-picture-remove = 사진 삭제
form-picture-failed = 사용할 수 없는 파일입니다. PNG 또는 JPEG 사진을 선택하세요.
form-people = 함께할 사람
form-people-search = 추가할 사람 검색
form-people-nobody = 아직 이 서버에 다른 사람이 없습니다.
form-people-none-found = 검색 결과가 없습니다.
form-people-all-in = 이 서버의 모든 사람이 이미 그룹에 있습니다.
form-create = 만들기
form-working = 잠시만 기다려 주세요…
form-join-title = 그룹 참여
form-code = 코드
form-join = 참여
form-code-unknown = 이 코드의 그룹이 없습니다. 코드를 알려 준 사람에게 확인해 보세요.
form-private = 비공개 그룹입니다. 그룹 멤버에게 추가해 달라고 부탁하세요.
form-public = 공개 그룹
form-public-search = 공개 그룹 검색
form-public-none = 아직 이 서버에 공개 그룹이 없습니다.
form-public-none-found = 그런 이름의 공개 그룹이 없습니다.
form-public-more = 그룹이 더 있습니다. 이름의 일부를 입력해 보세요.
form-message = 가입 신청 메시지 (선택 사항)
form-apply = 신청
form-apply-name = ‘{ $group }’ 그룹에 가입 신청
form-is-member = 멤버
form-applied = 신청함
form-add-title = ‘{ $group }’ 그룹에 사람 추가
form-add = { $count ->
    [0] 추가
   *[other] { $count }명 추가
}
form-edit-title = ‘{ $group }’ 그룹 편집
form-introduction = 그룹 소개
form-too-long = 너무 깁니다. 줄여 주세요.
form-save = 저장
