//! One method per API call of the specification. All errors are those of [`Client::request`] plus the ones named here.

use std::future::Future;

use crate::protocol::{
    ApiError, GroupId, InviteId, RoomId, UserId,
    api::{
        Accept, AddInvitedSignaling, Cancel, CreateGroup, CreateGroupReply, DismissGroup, EnterRoom, EnterRoomReply,
        ExitRoom, ExitRoomReply, GetGroupAttributes, GetGroupMemberList, GetJoinedGroupList, GetSignalingInfo,
        GetUsers, GroupAttributes, GroupPage, GroupType, Invite, InviteInGroup, InviteReply, InviteUserToGroup,
        JoinGroup, JoinGroupReply, KickGroupMember, Logout, MemberPage, ModifyInvitation, QuitGroup, Reject, Role,
        SetGroupMemberRole, SetSelfInfo, SignalingInfo, TransferGroupOwner, UserPage,
    },
};

use super::Client;

/// Signaling.
impl Client {
    /// Invites a user. The identifier is there at once; the future sends the request, so it must be awaited or spawned.
    /// A timeout of 0 s is none.
    ///
    /// Refused with 20003 if there is no such user.
    pub fn invite(
        &self,
        invitee: UserId,
        data: impl Into<String>,
        online_user_only: bool,
        timeout: u32,
    ) -> (InviteId, impl Future<Output = Result<InviteReply, ApiError>> + Send + 'static) {
        let invite_id = InviteId::random();
        let data = data.into();
        let request = Invite { invite_id: invite_id.clone(), invitee, data, online_user_only, timeout, room_id: None };
        let client = self.clone();
        (invite_id, async move { client.call(request).await })
    }

    /// Invites members of a group; otherwise as [`Client::invite`].
    ///
    /// Refused with 10010 if there is no such group, 10007 if this user is not a member.
    pub fn invite_in_group(
        &self,
        group_id: GroupId,
        invitee_list: Vec<UserId>,
        data: impl Into<String>,
        online_user_only: bool,
        timeout: u32,
    ) -> (InviteId, impl Future<Output = Result<InviteReply, ApiError>> + Send + 'static) {
        let invite_id = InviteId::random();
        let data = data.into();
        let request = InviteInGroup {
            invite_id: invite_id.clone(),
            group_id,
            invitee_list,
            data,
            online_user_only,
            timeout,
            room_id: None,
        };
        let client = self.clone();
        (invite_id, async move { client.call(request).await })
    }

    /// Invites a user to the room that this device is in, and thereby lets them in; otherwise as [`Client::invite`].
    ///
    /// Refused with 10010 if there is no such room, 10007 if this device is not in it.
    pub async fn invite_to_room(
        &self,
        room_id: RoomId,
        invitee: UserId,
        data: impl Into<String>,
        timeout: u32,
    ) -> Result<InviteReply, ApiError> {
        let (invite_id, data) = (InviteId::random(), data.into());
        self.call(Invite { invite_id, invitee, data, online_user_only: false, timeout, room_id: Some(room_id) }).await
    }

    /// Takes back what is still open of an own invitation. Refused with 8010 if nothing is, 8011 if it is not own.
    pub async fn cancel(&self, invite_id: InviteId, data: impl Into<String>) -> Result<(), ApiError> {
        self.call(Cancel { invite_id, invitee_list: Vec::new(), data: data.into() }).await.map(drop)
    }

    /// Accepts an invitation. Refused with 8010 if it is over or unknown, 8011 if this user is not invited.
    pub async fn accept(&self, invite_id: InviteId, data: impl Into<String>) -> Result<(), ApiError> {
        self.call(Accept { invite_id, data: data.into() }).await.map(drop)
    }

    /// Rejects an invitation. Refused as [`Client::accept`] is.
    pub async fn reject(&self, invite_id: InviteId, data: impl Into<String>) -> Result<(), ApiError> {
        self.call(Reject { invite_id, data: data.into() }).await.map(drop)
    }

    /// Changes the data of an own open invitation. Refused with 7014 for an invitation to online users only.
    pub async fn modify_invitation(&self, invite_id: InviteId, data: impl Into<String>) -> Result<(), ApiError> {
        self.call(ModifyInvitation { invite_id, data: data.into() }).await.map(drop)
    }

    /// Announces a group invitation that was learnt another way. Refused with 8012 if it is known.
    pub async fn add_invited_signaling(&self, info: SignalingInfo) -> Result<(), ApiError> {
        self.call(AddInvitedSignaling { info }).await.map(drop)
    }

    /// What a message of the user's log says as signaling; `None` if it is something else.
    pub async fn get_signaling_info(&self, seq: u64) -> Result<Option<SignalingInfo>, ApiError> {
        self.call(GetSignalingInfo { seq }).await
    }
}

/// People.
impl Client {
    /// Changes the name that others see.
    pub async fn set_self_info(&self, display_name: impl Into<String>) -> Result<(), ApiError> {
        self.call(SetSelfInfo { display_name: display_name.into() }).await.map(drop)
    }

    /// A page of the people on this server whose identifier or name contains `query`, behind `after`.
    pub async fn get_users(
        &self,
        query: impl Into<String>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<UserPage, ApiError> {
        self.call(GetUsers { query: query.into(), after, limit }).await
    }

    /// Signs this device out and ends the session; with `forget`, its token is revoked as well.
    pub async fn logout(&self, forget: bool) -> Result<(), ApiError> {
        self.call(Logout { forget }).await.map(drop)
    }
}

/// Groups.
impl Client {
    /// Makes a group. Refused with 10021 if the identifier is taken, 10019 if a member does not exist.
    pub async fn create_group(
        &self,
        group_id: Option<GroupId>,
        group_type: GroupType,
        group_name: impl Into<String>,
        member_list: Vec<UserId>,
    ) -> Result<CreateGroupReply, ApiError> {
        let (introduction, face_url) = (String::new(), String::new());
        let group_name = group_name.into();
        self.call(CreateGroup { group_id, group_type, group_name, introduction, face_url, member_list }).await
    }

    /// Joins a Meeting group, or applies to a Public one. Refused with 10010, 10013, 10014; 10007 for a Work group,
    /// 7014 if there is an open application, 7008 after many tries of codes that do not exist.
    pub async fn join_group(&self, group_id: GroupId, message: impl Into<String>) -> Result<JoinGroupReply, ApiError> {
        self.call(JoinGroup { group_id, message: message.into() }).await
    }

    /// Leaves a group. Refused with 10009 for the owner of a Public or Meeting group.
    pub async fn quit_group(&self, group_id: GroupId) -> Result<(), ApiError> {
        self.call(QuitGroup { group_id }).await.map(drop)
    }

    /// Ends a group. Owner only, otherwise 10007.
    pub async fn dismiss_group(&self, group_id: GroupId) -> Result<(), ApiError> {
        self.call(DismissGroup { group_id }).await.map(drop)
    }

    /// Brings users into a group.
    pub async fn invite_user_to_group(&self, group_id: GroupId, user_list: Vec<UserId>) -> Result<(), ApiError> {
        self.call(InviteUserToGroup { group_id, user_list }).await.map(drop)
    }

    /// Removes members.
    pub async fn kick_group_member(&self, group_id: GroupId, member_list: Vec<UserId>) -> Result<(), ApiError> {
        self.call(KickGroupMember { group_id, member_list }).await.map(drop)
    }

    /// Makes a member an administrator, or an ordinary member again.
    pub async fn set_group_member_role(&self, group_id: GroupId, user_id: UserId, role: Role) -> Result<(), ApiError> {
        self.call(SetGroupMemberRole { group_id, user_id, role }).await.map(drop)
    }

    /// Hands a group over to another member.
    pub async fn transfer_group_owner(&self, group_id: GroupId, user_id: UserId) -> Result<(), ApiError> {
        self.call(TransferGroupOwner { group_id, user_id }).await.map(drop)
    }

    /// A page of a group's members, behind `after`.
    pub async fn get_group_member_list(
        &self,
        group_id: GroupId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<MemberPage, ApiError> {
        self.call(GetGroupMemberList { group_id, after, limit }).await
    }

    /// A page of the groups that this user is a member of, behind `after`.
    pub async fn get_joined_group_list(&self, after: Option<GroupId>, limit: usize) -> Result<GroupPage, ApiError> {
        self.call(GetJoinedGroupList { after, limit }).await
    }
}

/// Rooms.
impl Client {
    /// Enters a media room, or opens it. Refused with 10010 if there is none, 10007 if this user was not let in.
    pub async fn enter_room(
        &self,
        room_id: RoomId,
        create: bool,
        group_id: Option<GroupId>,
    ) -> Result<EnterRoomReply, ApiError> {
        self.call(EnterRoom { create, group_id, ..EnterRoom::of(room_id) }).await
    }

    /// The attributes of a group: the call that is on there. Refused with 10007 for who is not a member.
    pub async fn get_group_attributes(&self, group_id: GroupId) -> Result<GroupAttributes, ApiError> {
        self.call(GetGroupAttributes { group_id }).await
    }

    /// Leaves the room.
    pub async fn exit_room(&self, room_id: RoomId) -> Result<ExitRoomReply, ApiError> {
        self.call(ExitRoom { room_id, group_id: None }).await
    }
}
