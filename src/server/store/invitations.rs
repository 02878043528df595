//! Invitations, so that open ones survive a restart, and an identifier is not used twice.

use rusqlite::{OptionalExtension, Row, params};

use super::{KEPT_MS, Store, StoreError, StoreResult, signed, unsigned};
use crate::{
    protocol::{DeviceId, GroupId, InviteId, UserId},
    signaling::{Invitation, Part},
};

const COLUMNS: &str = "id, inviter, device, group_id, invitees, data, modified, timeout_s, created_ms";

fn part_number(part: Part) -> u8 {
    match part {
        Part::Open => 0,
        Part::Accepted => 1,
        Part::Rejected => 2,
        Part::TimedOut => 3,
        Part::Cancelled => 4,
    }
}

fn read_part(number: u8) -> Part {
    match number {
        0 => Part::Open,
        1 => Part::Accepted,
        2 => Part::Rejected,
        3 => Part::TimedOut,
        _ => Part::Cancelled,
    }
}

/// Reads a row; the age counts from the wall clock, everything after it from the monotonic one.
fn read(row: &Row<'_>, now_ms: u64, wall_ms: i64) -> StoreResult<Invitation> {
    let unreadable = || StoreError::Unreadable { what: "invitation" };
    let invitees: Vec<(UserId, u8)> =
        serde_json::from_str(row.get_ref(4)?.as_str().unwrap_or_default()).map_err(|_| unreadable())?;
    let group: Option<String> = row.get(3)?;
    let age_ms = unsigned(wall_ms.saturating_sub(row.get(8)?));
    Ok(Invitation {
        id: InviteId::new(row.get::<_, String>(0)?).map_err(|_| unreadable())?,
        inviter: UserId::new(row.get::<_, String>(1)?).map_err(|_| unreadable())?,
        device: DeviceId::new(row.get::<_, String>(2)?).map_err(|_| unreadable())?,
        group: group.map(GroupId::new).transpose().map_err(|_| unreadable())?,
        invitees: invitees.into_iter().map(|(user, part)| (user, read_part(part))).collect(),
        data: row.get(5)?,
        modified: row.get(6)?,
        timeout_s: row.get(7)?,
        online_only: false,
        created_ms: now_ms.saturating_sub(age_ms),
        room: None,
    })
}

impl Store {
    /// Stores an invitation as it is now. One for online users only leaves no trace.
    pub(crate) fn put_invitation(&self, invitation: &Invitation, now_ms: u64, wall_ms: i64) -> StoreResult<()> {
        if invitation.online_only {
            return Ok(());
        }
        let sql = "INSERT INTO invitations (id, inviter, device, group_id, invitees, data, modified, timeout_s,
                                            created_ms, over)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (id) DO UPDATE SET invitees = excluded.invitees, data = excluded.data,
                                                  modified = excluded.modified, over = excluded.over";
        let parts: Vec<(&UserId, u8)> =
            invitation.invitees.iter().map(|(user, part)| (user, part_number(*part))).collect();
        let invitees = serde_json::to_string(&parts).map_err(|_| StoreError::Unreadable { what: "invitation" })?;
        self.db.prepare_cached(sql)?.execute(params![
            invitation.id.as_str(),
            invitation.inviter.as_str(),
            invitation.device.as_str(),
            invitation.group.as_ref().map(GroupId::as_str),
            invitees,
            invitation.data,
            invitation.modified,
            invitation.timeout_s,
            wall_ms.saturating_sub(signed(now_ms.saturating_sub(invitation.created_ms))),
            invitation.is_over(),
        ])?;
        Ok(())
    }

    /// An invitation, open or over; its times are only right for showing.
    pub(crate) fn invitation(&self, id: &InviteId) -> StoreResult<Option<Invitation>> {
        let mut query = self.db.prepare_cached(&format!("SELECT {COLUMNS} FROM invitations WHERE id = ?1"))?;
        query.query_and_then([id.as_str()], |row| read(row, 0, 0))?.next().transpose()
    }

    /// Whether an invitation has, or had, this identifier.
    pub(crate) fn has_invitation(&self, id: &InviteId) -> StoreResult<bool> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM invitations WHERE id = ?1")?;
        Ok(query.query_row([id.as_str()], |_| Ok(())).optional()?.is_some())
    }

    /// What the book begins with after a restart: the latest that are over, then all that are open.
    pub(crate) fn invitations(&self, over: usize, now_ms: u64, wall_ms: i64) -> StoreResult<Vec<Invitation>> {
        let sql = format!(
            "SELECT * FROM (SELECT {COLUMNS}, over, number FROM invitations WHERE over = 1
                            ORDER BY number DESC LIMIT ?1)
             UNION ALL SELECT {COLUMNS}, over, number FROM invitations WHERE over = 0
             ORDER BY over DESC, number"
        );
        let mut query = self.db.prepare(&sql)?;
        query.query_and_then([signed(over as u64)], |row| read(row, now_ms, wall_ms))?.collect()
    }

    pub(super) fn sweep_invitations(&self, wall_ms: i64) -> StoreResult<()> {
        let sql = "DELETE FROM invitations WHERE over = 1 AND created_ms < ?1";
        self.db.prepare_cached(sql)?.execute([wall_ms.saturating_sub(KEPT_MS)])?;
        Ok(())
    }
}
