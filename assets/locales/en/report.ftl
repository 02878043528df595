# The lessons of a group, and who was there.
report-title = Lessons of { $group }
report-lessons = Lessons and attendance
report-back-group = Back to the group
report-back = Back to all lessons
report-loading = The report is being loaded…
report-none = No lessons yet
report-none-line = When a lesson has begun, its attendance is here.
report-on = On now
report-people = { $count ->
    [one] one person
   *[other] { $count } people
}
report-save = Save as CSV
report-saved = Saved as “{ $name }”.
report-not-saved = The file could not be saved: { $detail }. Choose another place.
report-name = Name
report-user = User
report-role = Role
report-teacher = Teacher
report-student = Student
report-came = Came
report-left = Left
report-present = Present
report-talked = Spoke
report-hands = Hands
report-floors = Floors
report-roll-calls = Roll calls
report-answered = Roll calls answered
report-called = Roll calls
report-legend-present = Present, over the length of the lesson
report-legend-talked = Spoke, as a share of it
report-row = { $name }: came { $up }, left { $down }, present { $time }, spoke { $duration }, hands { $count }, floors { $total }, roll calls { $what }
