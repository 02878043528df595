groups-title = Groups
groups-search = Search groups
groups-new = New group
groups-join = Join
groups-empty = You are in no group yet
groups-empty-line = A group is a circle of friends, a class or a club. Make one, or join with a code that somebody gave you.
groups-none-found = No group matches “{ $search }”
groups-none-found-line = Check the spelling, or look among the public groups with “Join”.
groups-waiting = Waiting for an answer
groups-take-back = Take back
groups-take-back-name = Take back the application to “{ $group }”
groups-listing = The members are being loaded…

group-kind-private = Private
group-kind-class = Class
group-kind-public = Public
group-kind-private-line = Only members can add people
group-kind-class-line = Anyone joins with the code; you teach
group-kind-public-line = Found by its name; you approve
group-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
group-online = { $count } online
group-applications = { $count ->
    [one] { $count } application
   *[other] { $count } applications
}
group-role-owner = Owner
group-role-teacher = Teacher
group-role-admin = Admin

group-back = Back to all groups
group-add-people = Add people
group-edit = Edit the group
group-more = More about the group
group-you = You
group-code = Code
group-code-line = Whoever types this code into “Join” is in.
group-code-line-public = Whoever types this code into “Join” applies, as does whoever finds the group by its name.
group-wants-to-join = Want to join
group-accept = Accept
group-accept-name = Accept { $name }
group-decline = Decline
group-decline-name = Decline { $name }
group-members-title = Members
group-member-menu = What to do with { $name }
group-make-admin = Make admin
group-unmake-admin = No longer admin
group-hand-over = Hand the group over…
group-remove = Remove from the group…
group-leave = Leave the group…
group-dismiss = Dismiss the group…

group-leave-title = Leave “{ $group }”?
group-leave-line = You get no more calls from it. To come back, you have to join again or be added by a member.
group-leave-confirm = Leave
group-dismiss-title = Dismiss “{ $group }”?
group-dismiss-line = The group ends for all of its members. This cannot be undone.
group-dismiss-confirm = Dismiss
group-remove-title = Remove { $name }?
group-remove-line = { $name } will no longer be a member of “{ $group }”.
group-remove-confirm = Remove
group-hand-over-title = Hand “{ $group }” over to { $name }?
group-hand-over-line = { $name } becomes the owner, and you become an ordinary member. Only { $name } can give it back.
group-hand-over-confirm = Hand over
