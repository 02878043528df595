# 창의 틀과 여러 화면이 함께 쓰는 말.
app-name = Ahoy
nav-people = 사람
nav-groups = 그룹
nav-groups-applications = 그룹, 가입 신청 { $count }건
nav-calls = 통화 기록
nav-settings = 설정
nav-calls-missed = 통화 기록, 부재중 { $count }건
nav-current-call = { $name } 님과 통화
profile-name = 프로필 { $name }
another-device = 다른 기기

session-online = 연결됨
session-offline = 연결 끊김
session-connecting = 연결 중…

status-name = 내 상태: { $status }
status-available = 연락 가능
status-available-line = 내 모든 기기에서 벨이 울립니다
status-quiet-line = 벨이 울리지 않고 부재중 기록만 남습니다
status-quiet-until = { $time }까지 방해 금지
status-schedule-holds = 설정한 시간표에 따라 { $time }까지 벨이 울리지 않습니다. 설정에서 바꿀 수 있습니다.

offline-retry-in = { $problem } { $seconds }초 후 다시 시도합니다.
offline-trying = { $problem } 다시 연결하는 중…
offline-retry-now = 지금 다시 시도

presence-online = 온라인
presence-in-call = 통화 중
presence-do-not-disturb = 방해 금지
presence-offline = 오프라인

quality-good = 연결 상태 좋음
quality-weak = 연결 상태 약함
quality-bad = 연결 상태 나쁨
quality-down = 연결 없음

audio-no-microphone = 마이크를 찾을 수 없습니다. 마이크를 연결해야 상대방이 내 목소리를 들을 수 있습니다.
audio-no-speaker = 스피커를 찾을 수 없습니다. 스피커를 연결해야 상대방의 목소리를 들을 수 있습니다.
audio-no-devices = 마이크와 스피커를 모두 찾을 수 없습니다. 통화하려면 헤드셋을 연결하세요.
audio-microphone-lost = 마이크 연결이 끊겼습니다. 다시 연결하거나 다른 마이크를 선택하세요.
audio-speaker-lost = 스피커 연결이 끊겼습니다. 다시 연결하거나 다른 스피커를 선택하세요.
audio-choose = 장치 선택

notice-microphone-changed = 이제 마이크로 ‘{ $device }’ 장치를 사용합니다
notice-speaker-changed = 이제 스피커로 ‘{ $device }’ 장치를 사용합니다
notice-microphone-lost = 마이크 연결이 끊겼습니다. 통화는 마이크 없이 계속됩니다.
notice-speaker-lost = 스피커 연결이 끊겼습니다. 통화는 스피커 없이 계속됩니다.
notice-hand-still-up = 아직 손을 들고 계십니다. 하실 말씀을 마치셨으면 손을 내려 주세요.
notice-muted-speaking = 말씀하고 계시지만 마이크가 꺼져 있습니다
notice-missed-while-busy = 통화 중에 { $name } 님이 전화했습니다
notice-dismiss = 알림 닫기

copy-what = { $what } 복사
cancel = 취소

duration-seconds = { $seconds }초
duration-minutes = { $minutes }분 { $seconds }초
duration-hours = { $hours }시간 { $minutes }분
time-morning = 오전 { $time }
time-afternoon = 오후 { $time }
day-today = 오늘
day-yesterday = 어제
day-date = { $month } { $day }일 { $weekday }
day-date-year = { $year }년 { $month } { $day }일 { $weekday }
weekday-monday = 월요일
weekday-tuesday = 화요일
weekday-wednesday = 수요일
weekday-thursday = 목요일
weekday-friday = 금요일
weekday-saturday = 토요일
weekday-sunday = 일요일
weekday-short-monday = 월
weekday-short-tuesday = 화
weekday-short-wednesday = 수
weekday-short-thursday = 목
weekday-short-friday = 금
weekday-short-saturday = 토
weekday-short-sunday = 일
month-1 = 1월
month-2 = 2월
month-3 = 3월
month-4 = 4월
month-5 = 5월
month-6 = 6월
month-7 = 7월
month-8 = 8월
month-9 = 9월
month-10 = 10월
month-11 = 11월
month-12 = 12월

demo-first = 하나
demo-second = 민준

ago-now = 방금 전
ago-minutes = { $count }분 전
ago-hours = { $count }시간 전
ago-days = { $count }일 전
demo-class = 우리 반
demo-teacher = 김 선생
demo-student = 학생 { $count }
