# 그룹의 수업과 출석.
report-title = { $group } 수업 기록
report-lessons = 수업과 출석 기록
report-back-group = 그룹으로 돌아가기
report-back = 모든 수업으로 돌아가기
report-loading = 기록을 불러오는 중…
report-none = 아직 수업이 없습니다
report-none-line = 수업을 시작하면 출석 기록이 여기에 표시됩니다.
report-on = 수업 중
report-people = { $count ->
   *[other] { $count }명
}
report-save = CSV로 저장
report-saved = ‘{ $name }’(으)로 저장했습니다.
report-not-saved = 파일을 저장하지 못했습니다: { $detail }. 다른 위치를 선택하세요.
report-name = 이름
report-user = 사용자
report-role = 역할
report-teacher = 선생님
report-student = 학생
report-came = 들어옴
report-left = 나감
report-present = 참여
report-talked = 발언
report-hands = 손들기
report-floors = 발언권
report-roll-calls = 출석
report-answered = 출석 응답
report-called = 출석 확인
report-legend-present = 수업 시간 중 참여한 시간
report-legend-talked = 발언한 시간의 비율
report-row = { $name }: 들어옴 { $up }, 나감 { $down }, 참여 { $time }, 발언 { $duration }, 손들기 { $count }, 발언권 { $total }, 출석 { $what }
