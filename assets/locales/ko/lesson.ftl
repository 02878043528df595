# 수업: 손들기, 발언권, 질문, 출석.
lesson-here = { $count ->
   *[other] { $count }명 참여 중
}
lesson-away-count = 연결 끊김 { $count }명
lesson-on-hold = 보류하는 동안에도 수업은 계속됩니다.
lesson-leave = 나가기
lesson-end = 모두 종료
lesson-settings = 수업 설정
lesson-microphone-closed = 마이크가 닫혀 있습니다. 말하려면 손을 드세요.
lesson-react = 보내기: { $what }
lesson-thumbs-up = 좋아요
lesson-applause = 박수
lesson-question = 질문

lesson-your-floor = 지금 발언권이 있습니다
lesson-floor-heard = 모두에게 들립니다
lesson-floor-muted = 음소거 상태라 아무에게도 들리지 않습니다
lesson-floor-elsewhere = 다른 기기에서 말하고 있습니다
lesson-give-back = 발언 마치기
lesson-own-level = 내 마이크
lesson-offer-line = 원하면 지금 말할 수 있습니다
lesson-offer = { $name } 선생님이 발언을 권합니다
lesson-speak = 말하기
lesson-not-now = 나중에
lesson-asks = { $name } 선생님이 묻습니다
lesson-who-speaks = 발표하고 싶은 사람?
lesson-who-is-here = 출석했나요?
lesson-i-am-here = 출석했습니다
lesson-yes = 예
lesson-no = 아니요
lesson-time-left = { $time } 남음
lesson-no-teacher = 지금은 선생님이 없습니다.

lesson-raise-hand = 손들기
lesson-lower-hand = 손 내리기
lesson-hand-key = H 키로 손을 들고 내립니다
lesson-hand-up = 손을 들었습니다
lesson-hand-before = { $count ->
    [0] 다음 차례입니다
   *[other] 앞에 { $count }명
}
lesson-hands-count = { $count ->
    [0] 손을 든 사람이 없습니다
   *[other] 손든 사람 { $count }명
}
lesson-hand-with-floor = 발언을 마치면 손이 저절로 내려갑니다.
lesson-hands-closed = 선생님이 물을 때 손을 들 수 있습니다.
lesson-open-microphone = 내 마이크 켜기
lesson-close-microphone = 내 마이크 끄기

lesson-state-here = 참여 중
lesson-state-away = 연결이 끊겼습니다
lesson-state-gone = 나감
lesson-state-removed = 내보냄
lesson-state-teacher = 선생님
lesson-state-floor = 발언권 있음
lesson-state-speaks = 말하는 중
lesson-state-offered = 발언 요청 보냄
lesson-state-hand = 손들기 { $count }번째 · { $time }
lesson-state-open = 마이크 켜짐
lesson-state-refused = 발언권 없이 전송: 패킷 { $count }개 차단

lesson-desk-hands = 발언과 손들기
lesson-desk-class = 학생
lesson-ask-hands = 손들기 요청
lesson-next = 다음
lesson-random = 무작위
lesson-random-line = 발언 횟수가 가장 적은 학생 가운데 한 명을 부릅니다
lesson-roll-call = 출석 확인
lesson-poll = 투표
lesson-mute-all = 모두 음소거
lesson-mute-all-line = 모든 학생의 마이크를 끄고 발언권을 거둡니다
lesson-mute-lock = 음소거하고 잠그기
lesson-mute-lock-line = 모든 마이크를 끄고 발언권이 있을 때만 말하게 합니다
lesson-unlock = 마이크 잠금 해제
lesson-unlock-line = 학생이 직접 마이크를 켤 수 있게 합니다
lesson-lower-all = 모두 손 내리기
lesson-seconds = { $count }초
lesson-minutes = { $count }분
lesson-no-limit = 제한 없음
lesson-never = 안 함
lesson-stop = 마감
lesson-asked-over = 마감됨
lesson-hands-asked = 손들기
lesson-answered = { $total }명 중 { $count }명 응답
lesson-present = 출석
lesson-not-answered = 응답 없음: { $names }

lesson-floors-title = 발언  { $count }/{ $total }
lesson-floors-empty = 발언권을 가진 학생이 없습니다.
lesson-given-by = { $by } 선생님이 줌
lesson-take-back = 거두기
lesson-take-back-name = { $name } 학생의 발언권 거두기
lesson-cancel-offer = 발언 요청 취소
lesson-cancel-offer-name = { $name } 학생의 발언 요청 취소
lesson-hands-title = 손들기
lesson-hands-empty = 손을 든 학생이 없습니다.
lesson-hands-empty-asked = 손을 든 학생이 없습니다. 요청하면 손을 들 수 있습니다.
lesson-waiting = { $time } 기다림
lesson-let-speak = 말하게 하기
lesson-let-speak-name = { $name } 학생에게 발언권 주기
lesson-decline-name = { $name } 학생의 손들기 거절
lesson-lower-name = { $name } 학생의 손 내리기

lesson-search = 학생 검색
lesson-class-empty = 아직 아무도 없습니다.
lesson-nobody-found = 검색 결과가 없습니다.
lesson-student-menu = { $name } 학생 관리
lesson-close-theirs = 마이크 끄기
lesson-lower-theirs = 손 내리기
lesson-make-teacher = 선생님으로 지정
lesson-unmake-teacher = 선생님 지정 해제
lesson-hand-over = 수업 넘기기…
lesson-remove = 내보내기…
lesson-readmit = 다시 들어오게 하기
lesson-remove-title = { $name } 학생을 수업에서 내보낼까요?
lesson-remove-line = 선생님이 다시 들여보낼 때까지 이 수업에 들어올 수 없습니다.
lesson-remove-reason = 학생에게 보여 줄 이유
lesson-remove-confirm = 내보내기
lesson-end-title = 수업을 모두 종료할까요?
lesson-end-line = 모든 사람이 수업에서 나갑니다. 출석 기록은 남습니다.

lesson-on = 수업 중입니다: { $names }
lesson-join = 수업 참여
lesson-join-name = { $group } 수업에 참여
lesson-count = { $count ->
   *[other] 수업 중 { $count }명
}
lesson-incoming = { $name } 선생님이 { $group } 수업에 부릅니다
lesson-incoming-label = { $name } 선생님이 수업에 부릅니다
lesson-start = 수업 시작
lesson-start-title = { $group } 수업 시작
lesson-ring = 멤버에게 전화
lesson-ring-line = 그룹의 모든 멤버에게 벨이 울립니다. 끄면 수업 중이라는 표시만 보입니다
lesson-floors = 동시 발언 인원
lesson-floors-line = 이 인원까지 함께 말할 수 있습니다
lesson-fewer-floors = 동시 발언 줄이기
lesson-more-floors = 동시 발언 늘리기
lesson-unasked = 언제든 손들기
lesson-unasked-line = 요청하지 않아도 학생이 손을 들 수 있습니다
lesson-free = 자유 발언
lesson-free-line = 학생이 직접 마이크를 켤 수 있습니다
lesson-silence = 발언권 자동 회수
lesson-silence-line = 이만큼 조용하면 회수합니다
lesson-poll-title = 학생들에게 묻기
lesson-poll-question = 질문
lesson-poll-yes-no = 예 / 아니요
lesson-poll-own = 직접 입력
lesson-poll-choice = 보기 { $count }
lesson-poll-more = 보기 추가
lesson-poll-time = 응답 시간
lesson-poll-ask = 묻기

lesson-news-settings = { $by } 선생님이 설정을 바꿨습니다
lesson-news-declined = { $by } 선생님이 { $name } 학생의 손들기를 거절했습니다
lesson-news-lowered = { $by } 선생님이 { $name } 학생의 손을 내렸습니다
lesson-news-invited = { $by } 선생님이 { $name } 학생에게 발언을 권했습니다
lesson-news-offer-declined = { $name } 학생이 지금은 말하지 않겠다고 합니다
lesson-news-offer-timed-out = { $name } 학생이 발언 요청에 응답하지 않았습니다
lesson-news-offer-cancelled = { $name } 학생에게 보낸 발언 요청이 취소되었습니다
lesson-news-floor = { $by } 선생님이 { $name } 학생에게 발언권을 줬습니다
lesson-news-taken-back = { $by } 선생님이 { $name } 학생의 발언권을 거뒀습니다
lesson-news-closed = { $by } 선생님이 { $name } 학생의 마이크를 껐습니다
lesson-news-roll-call = { $by } 선생님이 출석을 확인합니다
lesson-news-poll = { $by } 선생님이 질문합니다
lesson-news-hands = { $by } 선생님이 손들기를 요청합니다
lesson-news-removed = { $by } 선생님이 { $name } 학생을 내보냈습니다
lesson-news-readmitted = { $by } 선생님이 { $name } 학생을 다시 들여보냈습니다

lesson-over = 수업이 끝났습니다
lesson-over-line = { $by } 선생님이 수업을 종료했습니다.
lesson-over-empty-line = 수업에 아무도 남지 않았습니다.
lesson-removed = 수업에서 나가게 되었습니다
lesson-removed-line = { $by } 선생님이 내보냈습니다. 다시 들어오려면 선생님에게 요청하세요.
lesson-removed-reason = { $by } 선생님이 내보냈습니다: ‘{ $what }’. 다시 들어오려면 선생님에게 요청하세요.
lesson-left = 수업에서 나왔습니다
lesson-left-line = 수업이 계속되는 동안 다시 참여할 수 있습니다.
lesson-lasted = { $duration } 동안 참여했습니다
lesson-join-again = 다시 참여
