# Calls of several.
call-add = Add
call-leave = Leave
call-of-a-group = A group
names-and-more = { $names } and { $count } more

calling-several = Call several people
calling-group = Call { $group }
calling-add = Add people to the call
calling-nobody = There is nobody else who could be called.
calling-all = Select all
calling-none = Select none
calling-ring = { $count ->
    [0] Call
    [one] Call one person
   *[other] Call { $count } people
}
people-call-several = Call several

group-call-name = Call { $group }
group-call-join-name = Join the call in { $group }
group-call-join = Join the call
group-call-on = On the call: { $names }
group-call-on-ringing = On the call: { $names } · Ringing: { $rung }
group-call-count = { $count ->
    [one] On a call: 1
   *[other] On a call: { $count }
}

incoming-party-label = { $name } is calling
incoming-group-line = { $name } is calling { $group }
incoming-several-line = { $name } is calling you and others: { $names }

party-waiting = Waiting for others…
party-reconnecting = The others are reconnecting…
party-stop = Stop ringing { $name }
party-again = Call { $name } into the call
party-end-declined-line = Everybody declined.
party-end-no-answer-line = Nobody answered.
party-end-busy-line = Everybody is in another call.
party-end-not-available-line = Nobody wants to be disturbed now.
party-end-removed-line = You are no longer in this group, or the group was dismissed.
party-end-hung-up-line = The call is over.

standing-ringing = Ringing…
standing-coming = Connecting…
standing-in = In the call
standing-reconnecting = Reconnecting…
standing-on-hold = On hold
standing-declined = Declined
standing-busy = In another call
standing-not-available = Not available
standing-no-answer = No answer
standing-cancelled = No longer called
standing-left = Left
standing-lost = Connection lost
standing-failed = Could not be called

log-call-lasted = the call lasted { $duration }
log-called-by = called by { $name }
