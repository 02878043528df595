# The forms about groups.
form-close = Close
form-new-title = New group
form-name = Name of the group
form-name-hint = Math 7b
form-picture = Choose a picture
form-picture-line = PNG or JPEG; or drop a file here
form-picture-change = Another picture
form-picture-remove = Remove the picture
form-picture-failed = This file cannot be used. Choose a PNG or JPEG picture.
form-people = Who is in it
form-people-search = Search people to add
form-people-nobody = Nobody else is on this server yet.
form-people-none-found = Nobody is called that.
form-people-all-in = Everybody on this server is in the group.
form-create = Create
form-working = One moment…
form-join-title = Join a group
form-code = Code
form-join = Join
form-code-unknown = There is no group with this code. Check it with whoever gave it to you.
form-private = This group is private. Ask one of its members to add you.
form-public = Public groups
form-public-search = Search public groups
form-public-none = There are no public groups on this server yet.
form-public-none-found = No public group is called that.
form-public-more = There are more. Type a part of the name.
form-message = Message with your application (optional)
form-apply = Apply
form-apply-name = Apply to “{ $group }”
form-is-member = Member
form-applied = Applied
form-add-title = Add people to “{ $group }”
form-add = { $count ->
    [0] Add
    [one] Add { $count } person
   *[other] Add { $count } people
}
form-edit-title = Edit “{ $group }”
form-introduction = What it is about
form-too-long = This is too long. Shorten it.
form-save = Save
