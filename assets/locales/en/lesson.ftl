# A lesson: hands, floors, questions, and who is there.
lesson-here = { $count ->
    [one] One person here
   *[other] { $count } people here
}
lesson-away-count = { $count } away
lesson-on-hold = The lesson goes on without you while it is on hold.
lesson-leave = Leave
lesson-end = End for all
lesson-settings = Settings of the lesson
lesson-microphone-closed = Your microphone is closed. Raise your hand to speak.
lesson-react = Show: { $what }
lesson-thumbs-up = Thumbs up
lesson-applause = Applause
lesson-question = Question

lesson-your-floor = You have the floor
lesson-floor-heard = Everybody hears you
lesson-floor-muted = You are muted: nobody hears you
lesson-floor-elsewhere = You speak on another device
lesson-give-back = Give the floor back
lesson-own-level = Your microphone
lesson-offer-line = The floor is yours if you like
lesson-offer = { $name } invites you to speak
lesson-speak = Speak
lesson-not-now = Not now
lesson-asks = { $name } asks the class
lesson-who-speaks = Who wants to speak?
lesson-who-is-here = Are you here?
lesson-i-am-here = I am here
lesson-yes = Yes
lesson-no = No
lesson-time-left = { $time } left
lesson-no-teacher = No teacher is here at the moment.

lesson-raise-hand = Raise hand
lesson-lower-hand = Lower hand
lesson-hand-key = The key H raises and lowers your hand
lesson-hand-up = Your hand is up
lesson-hand-before = { $count ->
    [0] you are next
    [one] one before you
   *[other] { $count } before you
}
lesson-hands-count = { $count ->
    [0] No hands are up
    [one] One hand is up
   *[other] { $count } hands are up
}
lesson-hand-with-floor = Your hand goes down by itself after your turn.
lesson-hands-closed = Hands are raised when the teacher asks for them.
lesson-open-microphone = Open my microphone
lesson-close-microphone = Close my microphone

lesson-state-here = Here
lesson-state-away = Away: the connection is gone
lesson-state-gone = Left
lesson-state-removed = Removed
lesson-state-teacher = Teacher
lesson-state-floor = Has the floor
lesson-state-speaks = Speaks
lesson-state-offered = Invited to speak
lesson-state-hand = Hand { $count } · { $time }
lesson-state-open = Microphone open
lesson-state-refused = Sends without the floor: { $count } packets stopped

lesson-desk-hands = Floor and hands
lesson-desk-class = Class
lesson-ask-hands = Ask for hands
lesson-next = Next
lesson-random = Random
lesson-random-line = Invites one of those who have had the floor least
lesson-roll-call = Roll call
lesson-poll = Poll
lesson-mute-all = Mute all
lesson-mute-all-line = Closes all microphones of students; all floors go back
lesson-mute-lock = Mute and lock
lesson-mute-lock-line = Closes all microphones; students speak only with the floor
lesson-unlock = Unlock microphones
lesson-unlock-line = Students may open their microphones themselves
lesson-lower-all = Lower all
lesson-seconds = { $count } s
lesson-minutes = { $count } min
lesson-no-limit = No limit
lesson-never = Never
lesson-stop = Stop
lesson-asked-over = Over
lesson-hands-asked = Hands
lesson-answered = { $count } of { $total } answered
lesson-present = Here
lesson-not-answered = Not answered: { $names }

lesson-floors-title = Floor  { $count } of { $total }
lesson-floors-empty = Nobody has the floor.
lesson-given-by = given by { $by }
lesson-take-back = Take back
lesson-take-back-name = Take the floor back from { $name }
lesson-cancel-offer = Take the invitation back
lesson-cancel-offer-name = Take back the invitation to { $name }
lesson-hands-title = Hands
lesson-hands-empty = No hands are up.
lesson-hands-empty-asked = No hands are up. Students raise them when you ask.
lesson-waiting = Waiting { $time }
lesson-let-speak = Let speak
lesson-let-speak-name = Let { $name } speak
lesson-decline-name = Decline the hand of { $name }
lesson-lower-name = Lower the hand of { $name }

lesson-search = Search the class
lesson-class-empty = Nobody else is here yet.
lesson-nobody-found = Nobody in the lesson matches.
lesson-student-menu = What to do with { $name }
lesson-close-theirs = Close the microphone
lesson-lower-theirs = Lower the hand
lesson-make-teacher = Make a teacher
lesson-unmake-teacher = No longer a teacher
lesson-hand-over = Hand the class over…
lesson-remove = Remove…
lesson-readmit = Let back in
lesson-remove-title = Remove { $name } from the lesson?
lesson-remove-line = They cannot come back to this lesson until a teacher lets them in.
lesson-remove-reason = Reason, for them to read
lesson-remove-confirm = Remove
lesson-end-title = End the lesson for all?
lesson-end-line = Everybody is out of the lesson. Its report stays.

lesson-on = The lesson is on: { $names }
lesson-join = Join the lesson
lesson-join-name = Join the lesson in { $group }
lesson-count = { $count ->
    [one] In the lesson: 1
   *[other] In the lesson: { $count }
}
lesson-incoming = { $name } calls you to the lesson of { $group }
lesson-incoming-label = { $name } calls you to the lesson
lesson-start = Start lesson
lesson-start-title = Start a lesson in { $group }
lesson-ring = Ring the members
lesson-ring-line = Everybody in the group is called; without it they see that the lesson is on
lesson-floors = Floors at a time
lesson-floors-line = So many students may speak at once
lesson-fewer-floors = Fewer floors
lesson-more-floors = More floors
lesson-unasked = Hands at any time
lesson-unasked-line = Students may raise their hands without being asked
lesson-free = Free microphones
lesson-free-line = Students may open their microphones themselves
lesson-silence = Floor goes back
lesson-silence-line = After so much silence
lesson-poll-title = Ask the class
lesson-poll-question = Question
lesson-poll-yes-no = Yes or no
lesson-poll-own = Own choices
lesson-poll-choice = Choice { $count }
lesson-poll-more = One more choice
lesson-poll-time = Time for answers
lesson-poll-ask = Ask

lesson-news-settings = { $by } changed the settings
lesson-news-declined = { $by } declined the hand of { $name }
lesson-news-lowered = { $by } lowered the hand of { $name }
lesson-news-invited = { $by } invited { $name } to speak
lesson-news-offer-declined = { $name } does not want to speak now
lesson-news-offer-timed-out = { $name } did not answer the invitation to speak
lesson-news-offer-cancelled = The invitation to { $name } was taken back
lesson-news-floor = { $by } gave { $name } the floor
lesson-news-taken-back = { $by } took the floor back from { $name }
lesson-news-closed = { $by } closed the microphone of { $name }
lesson-news-roll-call = { $by } calls the roll
lesson-news-poll = { $by } asks the class
lesson-news-hands = { $by } asks for hands
lesson-news-removed = { $by } removed { $name }
lesson-news-readmitted = { $by } let { $name } back in

lesson-over = The lesson is over
lesson-over-line = { $by } has ended it for all.
lesson-over-empty-line = Nobody was there any more.
lesson-removed = You were removed from the lesson
lesson-removed-line = { $by } has removed you. To come back, ask to be let in again.
lesson-removed-reason = { $by } has removed you: “{ $what }”. To come back, ask to be let in again.
lesson-left = You have left the lesson
lesson-left-line = As long as it is on, you can join it again.
lesson-lasted = You were there for { $duration }
lesson-join-again = Join again
