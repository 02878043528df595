# The frame of the window, and words that several screens share.
app-name = Ahoy
nav-people = People
nav-groups = Groups
nav-groups-applications = { $count ->
    [one] Groups, { $count } application
   *[other] Groups, { $count } applications
}
nav-calls = Calls
nav-settings = Settings
nav-calls-missed = { $count ->
    [one] Calls, { $count } missed
   *[other] Calls, { $count } missed
}
nav-current-call = Call with { $name }
profile-name = Profile { $name }
another-device = another device

session-online = Connected
session-offline = Not connected
session-connecting = Connecting…

status-name = Your status: { $status }
status-available = Available
status-available-line = Calls ring on all your devices
status-quiet-line = Nothing rings; calls are listed as missed
status-quiet-until = Do not disturb until { $time }
status-schedule-holds = Your schedule lets nothing ring until { $time }. You can change it in the settings.

offline-retry-in = { $problem } Trying again in { $seconds } s.
offline-trying = { $problem } Trying again now…
offline-retry-now = Try now

presence-online = Online
presence-in-call = In a call
presence-do-not-disturb = Do not disturb
presence-offline = Offline

quality-good = Good connection
quality-weak = Weak connection
quality-bad = Bad connection
quality-down = No connection

audio-no-microphone = No microphone was found. Others cannot hear you until you plug one in.
audio-no-speaker = No speaker was found. You cannot hear others until you plug one in.
audio-no-devices = Neither a microphone nor a speaker was found. Plug in a headset to talk.
audio-microphone-lost = The microphone went away. Plug it in again or choose another one.
audio-speaker-lost = The speaker went away. Plug it in again or choose another one.
audio-choose = Choose a device

notice-microphone-changed = The microphone is now “{ $device }”
notice-speaker-changed = The speaker is now “{ $device }”
notice-microphone-lost = The microphone went away. The call goes on without it.
notice-speaker-lost = The speaker went away. The call goes on without it.
notice-hand-still-up = Your hand is still up. Lower it if you have said what you wanted.
notice-muted-speaking = You are speaking, but your microphone is muted
notice-missed-while-busy = { $name } called while you were in a call
notice-dismiss = Dismiss

copy-what = Copy { $what }
cancel = Cancel

duration-seconds = { $seconds } s
duration-minutes = { $minutes } min { $seconds } s
duration-hours = { $hours } h { $minutes } min
time-morning = { $time } AM
time-afternoon = { $time } PM
day-today = Today
day-yesterday = Yesterday
day-date = { $weekday }, { $day } { $month }
day-date-year = { $weekday }, { $day } { $month } { $year }
weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday
weekday-short-monday = Mon
weekday-short-tuesday = Tue
weekday-short-wednesday = Wed
weekday-short-thursday = Thu
weekday-short-friday = Fri
weekday-short-saturday = Sat
weekday-short-sunday = Sun
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

demo-first = Ada
demo-second = Grace

ago-now = just now
ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
demo-class = Class
demo-teacher = Ms Kim
demo-student = Student { $count }
