//! Groups and their members.

use rusqlite::{OptionalExtension, params, types::FromSqlError};

use super::{Store, StoreError, StoreResult, accounts::read_user, signed, unsigned};
use crate::protocol::{
    GroupId, UserId,
    api::{GroupInfo, GroupType, Member, Role},
};

fn kind_name(kind: GroupType) -> &'static str {
    match kind {
        GroupType::Work => "Work",
        GroupType::Public => "Public",
        GroupType::Meeting => "Meeting",
    }
}

fn read_kind(name: &str) -> Result<GroupType, FromSqlError> {
    Ok(match name {
        "Work" => GroupType::Work,
        "Public" => GroupType::Public,
        "Meeting" => GroupType::Meeting,
        _ => return Err(FromSqlError::InvalidType),
    })
}

fn role_number(role: Role) -> i64 {
    match role {
        Role::Member => 0,
        Role::Admin => 1,
        Role::Owner => 2,
    }
}

fn read_role(number: i64) -> Role {
    match number {
        2 => Role::Owner,
        1 => Role::Admin,
        _ => Role::Member,
    }
}

impl Store {
    /// Adds a group; `false` if the identifier is taken.
    pub(crate) fn add_group(&self, group: &GroupId, kind: GroupType, name: &str, wall_ms: i64) -> StoreResult<bool> {
        let sql = "INSERT INTO groups (group_id, kind, name, created_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        Ok(self.db.prepare_cached(sql)?.execute(params![group.as_str(), kind_name(kind), name, wall_ms])? == 1)
    }

    /// Kind and name of a group.
    pub(crate) fn group(&self, group: &GroupId) -> StoreResult<Option<(GroupType, String)>> {
        let mut query = self.db.prepare_cached("SELECT kind, name FROM groups WHERE group_id = ?1")?;
        let read = |row: &rusqlite::Row<'_>| Ok((read_kind(row.get_ref(0)?.as_str()?)?, row.get(1)?));
        Ok(query.query_row([group.as_str()], read).optional()?)
    }

    /// Removes a group with its memberships.
    pub(crate) fn remove_group(&self, group: &GroupId) -> StoreResult<()> {
        self.db.prepare_cached("DELETE FROM groups WHERE group_id = ?1")?.execute([group.as_str()])?;
        Ok(())
    }

    /// Makes somebody a member, or gives a member another role.
    pub(crate) fn set_member(&self, group: &GroupId, user: &UserId, role: Role) -> StoreResult<()> {
        let sql = "INSERT INTO members (group_id, user, role) VALUES (?1, ?2, ?3)
                   ON CONFLICT (group_id, user) DO UPDATE SET role = excluded.role";
        self.db.prepare_cached(sql)?.execute(params![group.as_str(), user.as_str(), role_number(role)])?;
        Ok(())
    }

    /// Ends a membership.
    pub(crate) fn remove_member(&self, group: &GroupId, user: &UserId) -> StoreResult<()> {
        let sql = "DELETE FROM members WHERE group_id = ?1 AND user = ?2";
        self.db.prepare_cached(sql)?.execute([group.as_str(), user.as_str()])?;
        Ok(())
    }

    /// A member's role.
    pub(crate) fn role(&self, group: &GroupId, user: &UserId) -> StoreResult<Option<Role>> {
        let mut query = self.db.prepare_cached("SELECT role FROM members WHERE group_id = ?1 AND user = ?2")?;
        let role = query.query_row([group.as_str(), user.as_str()], |row| row.get(0)).optional()?;
        Ok(role.map(read_role))
    }

    /// All members, ordered by identifier.
    pub(crate) fn members(&self, group: &GroupId) -> StoreResult<Vec<UserId>> {
        let mut query = self.db.prepare_cached("SELECT user FROM members WHERE group_id = ?1 ORDER BY user")?;
        query.query_and_then([group.as_str()], |row| read_user(row, 0))?.collect()
    }

    /// How many members there are.
    pub(crate) fn member_count(&self, group: &GroupId) -> StoreResult<usize> {
        let mut query = self.db.prepare_cached("SELECT count(*) FROM members WHERE group_id = ?1")?;
        let count = query.query_row([group.as_str()], |row| row.get::<_, i64>(0))?;
        Ok(unsigned(count) as usize)
    }

    /// Members behind `after`, ordered by identifier.
    pub(crate) fn member_page(
        &self,
        group: &GroupId,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<Vec<Member>> {
        let sql = "SELECT user, display_name, role FROM members JOIN accounts USING (user)
                   WHERE group_id = ?1 AND user > ?2 ORDER BY user LIMIT ?3";
        let mut query = self.db.prepare_cached(sql)?;
        let values = params![group.as_str(), after.map_or("", UserId::as_str), signed(limit as u64)];
        let rows = query.query_and_then(values, |row| {
            Ok(Member { user_id: read_user(row, 0)?, display_name: row.get(1)?, role: read_role(row.get(2)?) })
        })?;
        rows.collect()
    }

    /// The groups that a user is a member of, ordered by identifier.
    pub(crate) fn groups_of(&self, user: &UserId) -> StoreResult<Vec<GroupInfo>> {
        let sql = "SELECT g.group_id, g.kind, g.name, m.role,
                          (SELECT count(*) FROM members c WHERE c.group_id = g.group_id),
                          (SELECT o.user FROM members o WHERE o.group_id = g.group_id AND o.role = 2)
                   FROM members m JOIN groups g USING (group_id) WHERE m.user = ?1 ORDER BY g.group_id";
        let mut query = self.db.prepare_cached(sql)?;
        let rows = query.query_and_then([user.as_str()], |row| {
            let group_id = GroupId::new(row.get::<_, String>(0)?);
            let owner = row.get::<_, Option<String>>(5)?.and_then(|owner| UserId::new(owner).ok());
            Ok(GroupInfo {
                group_id: group_id.map_err(|_| StoreError::Unreadable { what: "group identifier" })?,
                group_type: read_kind(&row.get::<_, String>(1)?)
                    .map_err(|_| StoreError::Unreadable { what: "kind of group" })?,
                group_name: row.get(2)?,
                owner,
                member_count: unsigned(row.get(4)?) as usize,
                role: read_role(row.get(3)?),
            })
        })?;
        rows.collect()
    }

    /// How many groups a user is a member of.
    pub(crate) fn group_count(&self, user: &UserId) -> StoreResult<usize> {
        let mut query = self.db.prepare_cached("SELECT count(*) FROM members WHERE user = ?1")?;
        Ok(unsigned(query.query_row([user.as_str()], |row| row.get(0))?) as usize)
    }
}
