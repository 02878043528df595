//! Fixed limits of the protocol. Each is enforced by the server and known to the client.

/// Longest custom `data` of a signaling message, bytes (a Tencent Chat message is at most 12 KB).
pub const DATA_MAX_BYTES: usize = 12 * 1024;
/// Longest text frame in either direction, bytes. Room for a full `data` in its worst JSON escaping plus the invitee list.
pub const TEXT_FRAME_MAX_BYTES: usize = 128 * 1024;
/// Longest media packet including its header, bytes. A QUIC packet has 1,200 on any path, and keeps 38 for itself.
pub const MEDIA_PACKET_MAX_BYTES: usize = 1_150;
/// Most invitees of one group invitation.
pub const INVITEES_MAX: usize = 1_000;
/// Most users in one `createGroup`, `inviteUserToGroup` or `kickGroupMember` call (the original's figure).
pub const MEMBERS_PER_CALL_MAX: usize = 100;
/// Most members of a group.
pub const GROUP_MEMBERS_MAX: usize = 2_000;
/// Most favourites of a user.
pub const FAVOURITES_MAX: usize = 200;
/// Longest invitation timeout, seconds (one day). 0 means no timeout.
pub const TIMEOUT_MAX_S: u32 = 24 * 60 * 60;
/// Longest user identifier, bytes, printable ASCII.
pub const USER_ID_MAX_BYTES: usize = 32;
/// Longest group identifier, bytes, printable ASCII.
pub const GROUP_ID_MAX_BYTES: usize = 48;
/// Longest invitation or device identifier, bytes, printable ASCII.
pub const OPAQUE_ID_MAX_BYTES: usize = 64;
/// Longest display name or device name, bytes of UTF-8.
pub const NAME_MAX_BYTES: usize = 100;
/// Longest group name, bytes of UTF-8.
pub const GROUP_NAME_MAX_BYTES: usize = 100;
/// Longest introduction of a group, bytes of UTF-8 (the original's figure).
pub const INTRODUCTION_MAX_BYTES: usize = 240;
/// Longest message with an application or its answer, bytes of UTF-8.
pub const APPLICATION_MESSAGE_MAX_BYTES: usize = 240;
/// Largest page of groups or applications: in its worst JSON escaping it fits a text frame.
pub const GROUPS_PAGE_MAX: usize = 100;
/// Most groups in one `getGroupsInfo` call.
pub const GROUPS_PER_CALL_MAX: usize = 50;
/// Largest picture, bytes. In base64 it fits a text frame.
pub const PICTURE_MAX_BYTES: usize = 32 * 1024;
/// Shortest password, characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, bytes.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// Largest page of users, members or events.
pub const PAGE_MAX: usize = 200;
/// A group invitation older than this is not called back on a cold start, ms (specification, FAQ 5).
pub const GROUP_COLD_START_WINDOW_MS: u64 = 30_000;
/// The server itself ends an overdue invitation this long after its deadline, ms.
pub const SERVER_BACKSTOP_MS: u64 = 2_000;
/// The inviter's device sends the timeout of whoever stayed silent this long after the deadline, ms.
/// Later than an online invitee's own device, earlier than the server's backstop.
pub const SENDER_TIMEOUT_GRACE_MS: u64 = 1_000;
/// Most media rooms that one device is in at a time: the call it talks in, and those on hold.
pub const ROOMS_PER_DEVICE_MAX: usize = 4;
/// A participant whose connection is gone keeps the place in the room this long, ms.
pub const ROOM_GRACE_MS: u64 = 30_000;
