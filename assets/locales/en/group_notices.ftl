# What happened to this user with a group.
notice-group-added = { $name } added you to “{ $group }”
notice-group-removed = { $name } removed you from “{ $group }”
notice-group-dismissed = { $name } dismissed “{ $group }”
notice-group-let-in = You are now a member of “{ $group }”
notice-group-turned-down = Your application to “{ $group }” was declined
notice-group-turned-down-because = Your application to “{ $group }” was declined: { $name }
notice-group-now-owner = { $name } handed “{ $group }” over to you
notice-group-now-admin = { $name } made you an administrator of “{ $group }”
notice-group-applicant = { $name } wants to join “{ $group }”
