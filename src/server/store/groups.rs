//! Groups and their members.

use rusqlite::{OptionalExtension, Row, params, types::FromSqlError};

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

/// What a group says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) kind: GroupType,
    pub(crate) name: String,
    pub(crate) introduction: String,
    /// Empty: no picture.
    pub(crate) face_url: String,
}

/// A group as `?1` sees it.
const INFO: &str = "SELECT g.group_id, g.kind, g.name, g.introduction, g.face_url,
                           (SELECT count(*) FROM members c WHERE c.group_id = g.group_id),
                           (SELECT o.user FROM members o WHERE o.group_id = g.group_id AND o.role = 2),
                           (SELECT m.role FROM members m WHERE m.group_id = g.group_id AND m.user = ?1)
                    FROM groups g";

fn read_info(row: &Row<'_>) -> StoreResult<GroupInfo> {
    let kind = read_kind(row.get_ref(1)?.as_str().unwrap_or_default());
    Ok(GroupInfo {
        group_id: read_group(row, 0)?,
        group_type: kind.map_err(|_| StoreError::Unreadable { what: "kind of group" })?,
        group_name: row.get(2)?,
        introduction: row.get(3)?,
        face_url: row.get(4)?,
        member_count: unsigned(row.get(5)?) as usize,
        owner: row.get::<_, Option<String>>(6)?.and_then(|owner| UserId::new(owner).ok()),
        role: row.get::<_, Option<i64>>(7)?.map(read_role),
    })
}

pub(super) fn read_group(row: &Row<'_>, column: usize) -> StoreResult<GroupId> {
    GroupId::new(row.get_ref(column)?.as_str().unwrap_or_default())
        .map_err(|_| StoreError::Unreadable { what: "group identifier" })
}

impl Store {
    /// Adds a group; `false` if the identifier is taken.
    pub(crate) fn add_group(&self, id: &GroupId, group: &Group, wall_ms: i64) -> StoreResult<bool> {
        let sql = "INSERT INTO groups (group_id, kind, name, introduction, face_url, created_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let Group { kind, name, introduction, face_url } = group;
        let values = params![id.as_str(), kind_name(*kind), name, introduction, face_url, wall_ms];
        Ok(self.db.prepare_cached(sql)?.execute(values)? == 1)
    }

    /// What a group says about itself.
    pub(crate) fn group(&self, id: &GroupId) -> StoreResult<Option<Group>> {
        let sql = "SELECT kind, name, introduction, face_url FROM groups WHERE group_id = ?1";
        let read = |row: &Row<'_>| {
            Ok(Group {
                kind: read_kind(row.get_ref(0)?.as_str()?)?,
                name: row.get(1)?,
                introduction: row.get(2)?,
                face_url: row.get(3)?,
            })
        };
        Ok(self.db.prepare_cached(sql)?.query_row([id.as_str()], read).optional()?)
    }

    /// Changes what a group says about itself; never its kind.
    pub(crate) fn set_group(&self, id: &GroupId, group: &Group) -> StoreResult<()> {
        let sql = "UPDATE groups SET name = ?2, introduction = ?3, face_url = ?4 WHERE group_id = ?1";
        let Group { name, introduction, face_url, .. } = group;
        self.db.prepare_cached(sql)?.execute(params![id.as_str(), name, introduction, face_url])?;
        Ok(())
    }

    /// A group as a user sees it.
    pub(crate) fn group_info(&self, id: &GroupId, viewer: &UserId) -> StoreResult<Option<GroupInfo>> {
        let mut query = self.db.prepare_cached(&format!("{INFO} WHERE g.group_id = ?2"))?;
        query.query_and_then([viewer.as_str(), id.as_str()], read_info)?.next().transpose()
    }

    /// Public groups behind `after` whose name contains `query`, as a user sees them, ordered by identifier.
    pub(crate) fn public_groups(
        &self,
        query: &str,
        after: Option<&GroupId>,
        limit: usize,
        viewer: &UserId,
    ) -> StoreResult<Vec<GroupInfo>> {
        let sql = "SELECT group_id, name FROM groups WHERE kind = 'Public' AND group_id > ?1 ORDER BY group_id";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([after.map_or("", GroupId::as_str)])?;
        let wanted = query.to_lowercase();
        let mut found = Vec::new();
        // SQLite knows small letters of ASCII only: names are compared here.
        while let Some(row) = rows.next()?
            && found.len() < limit
        {
            if row.get_ref(1)?.as_str().unwrap_or_default().to_lowercase().contains(&wanted) {
                found.extend(self.group_info(&read_group(row, 0)?, viewer)?);
            }
        }
        Ok(found)
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

    /// Those who decide about a group: its owner and its administrators.
    pub(crate) fn managers(&self, group: &GroupId) -> StoreResult<Vec<UserId>> {
        let sql = "SELECT user FROM members WHERE group_id = ?1 AND role > 0 ORDER BY user";
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then([group.as_str()], |row| read_user(row, 0))?.collect()
    }

    /// The groups behind `after` that a user is a member of, ordered by identifier.
    pub(crate) fn groups_of(
        &self,
        user: &UserId,
        after: Option<&GroupId>,
        limit: usize,
    ) -> StoreResult<Vec<GroupInfo>> {
        let sql = format!(
            "{INFO} JOIN members own USING (group_id) WHERE own.user = ?1 AND own.group_id > ?2
             ORDER BY own.group_id LIMIT ?3"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let values = params![user.as_str(), after.map_or("", GroupId::as_str), signed(limit as u64)];
        query.query_and_then(values, read_info)?.collect()
    }

    /// How many groups a user is a member of.
    pub(crate) fn group_count(&self, user: &UserId) -> StoreResult<usize> {
        let mut query = self.db.prepare_cached("SELECT count(*) FROM members WHERE user = ?1")?;
        Ok(unsigned(query.query_row([user.as_str()], |row| row.get(0))?) as usize)
    }
}
