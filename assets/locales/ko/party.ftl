# 여러 사람이 하는 통화.
call-add = 추가
call-leave = 나가기
call-of-a-group = 그룹
names-and-more = { $names } 외 { $count }명

calling-several = 여러 사람에게 전화
calling-group = { $group }에 전화
calling-add = 통화에 사람 추가
calling-nobody = 전화할 수 있는 다른 사람이 없습니다.
calling-all = 모두 선택
calling-none = 모두 해제
calling-ring = { $count ->
    [0] 전화 걸기
   *[other] { $count }명에게 전화
}
people-call-several = 여러 명에게 전화

group-call-name = { $group }에 전화
group-call-join-name = { $group } 통화에 참여
group-call-join = 통화 참여
group-call-on = 통화 중: { $names }
group-call-on-ringing = 통화 중: { $names } · 벨 울리는 중: { $rung }
group-call-count = { $count ->
   *[other] 통화 중 { $count }명
}

incoming-party-label = { $name } 님의 전화
incoming-group-line = { $name } 님이 { $group }에 전화합니다
incoming-several-line = { $name } 님이 여러 사람과 함께 전화합니다: { $names }

party-waiting = 다른 사람을 기다리는 중…
party-reconnecting = 다른 참가자들이 다시 연결하는 중…
party-stop = { $name } 님에게 거는 전화 멈추기
party-again = { $name } 님을 통화에 부르기
party-end-declined-line = 모두 거절했습니다.
party-end-no-answer-line = 아무도 받지 않았습니다.
party-end-busy-line = 모두 다른 통화 중입니다.
party-end-not-available-line = 지금은 모두 방해 금지 상태입니다.
party-end-removed-line = 이 그룹에서 나왔거나 그룹이 해산되었습니다.
party-end-hung-up-line = 통화가 끝났습니다.

standing-ringing = 벨 울리는 중…
standing-coming = 연결하는 중…
standing-in = 통화 중
standing-reconnecting = 다시 연결하는 중…
standing-on-hold = 통화 보류 중
standing-declined = 거절함
standing-busy = 다른 통화 중
standing-not-available = 방해 금지
standing-no-answer = 받지 않음
standing-cancelled = 전화 취소됨
standing-left = 나감
standing-lost = 연결 끊김
standing-failed = 전화할 수 없음

log-call-lasted = 전체 통화 { $duration }
log-called-by = 건 사람: { $name }
