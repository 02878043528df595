//! What people and programs do in a world.

use ahoy::{
    call::{Input, Phase},
    protocol::{
        GroupId, InviteId, Request, UserId,
        api::{Accept, Cancel, Invite, InviteInGroup, ModifyInvitation, Reject, Timeout},
    },
};

use super::{device::Pending, world::World};

impl World {
    pub(crate) fn act(&mut self) -> Result<(), String> {
        let device = self.rng.index(self.devices.len());
        match self.rng.below(100) {
            0..25 => {
                let peer = self.users[self.rng.index(self.users.len())].clone();
                self.feed(device, Input::Place(peer))
            }
            25..37 => self.collide(device),
            37..62 => self.answer(),
            62..74 => self.hang_up(),
            74..84 => {
                self.raw(device);
                Ok(())
            }
            84..90 => {
                self.cut(device);
                Ok(())
            }
            90..93 => {
                self.kill(device);
                Ok(())
            }
            93..95 => {
                let ended = self.devices[device].machine.view().into_iter().find(|view| !view.is_live());
                ended.map_or(Ok(()), |view| self.feed(device, Input::Dismiss(view.call_id)))
            }
            _ => {
                let id = self.raw_ids[self.rng.index(self.raw_ids.len())].clone();
                let input = match self.rng.below(4) {
                    0 => Input::Accept(id),
                    1 => Input::Reject(id),
                    2 => Input::HangUp(id),
                    _ => Input::Dismiss(id),
                };
                self.feed(device, input)
            }
        }
    }

    /// Two call each other at about the same time.
    fn collide(&mut self, device: usize) -> Result<(), String> {
        let me = self.devices[device].actor.user.clone();
        let others: Vec<usize> =
            (0..self.devices.len()).filter(|other| self.devices[*other].actor.user != me).collect();
        let other = *self.rng.pick(&others).expect("there are two users");
        let peer = self.devices[other].actor.user.clone();
        self.feed(device, Input::Place(peer))?;
        if self.rng.percent(50) {
            let wait_ms = self.rng.below(4 * self.delay_ms + 1);
            self.run(wait_ms)?;
        }
        self.feed(other, Input::Place(me))
    }

    /// Somebody puts a talk on hold, or goes on with one.
    pub(crate) fn hold_or_resume(&mut self) -> Result<(), String> {
        let talks = self.devices.iter().enumerate().flat_map(|(at, device)| device.lives().map(move |view| (at, view)));
        let talks: Vec<_> = talks.filter(|(_, view)| view.talking_since_ms.is_some()).collect();
        let Some((device, view)) = self.rng.pick(&talks).cloned() else { return Ok(()) };
        let input = if view.on_hold { Input::Resume(view.call_id) } else { Input::Hold(view.call_id) };
        self.feed(device, input)
    }

    /// Somebody does not want to be disturbed any more, on whatever device, or does again.
    pub(crate) fn turn_quiet(&mut self) {
        let user = self.rng.pick(&self.users).expect("there are users").clone();
        let now_ms = self.now_ms;
        let quiet = self.devices.iter().any(|device| device.actor.user == user && device.quiet);
        for device in self.devices.iter_mut().filter(|device| device.actor.user == user) {
            device.keep_quiet(now_ms, !quiet);
        }
    }

    pub(crate) fn in_phase(&self, wanted: impl Fn(Phase) -> bool) -> Vec<(usize, InviteId)> {
        let calls = self.devices.iter().enumerate();
        calls
            .flat_map(|(at, device)| device.lives().map(move |view| (at, view)))
            .filter(|(_, view)| wanted(view.phase))
            .map(|(at, view)| (at, view.call_id))
            .collect()
    }

    pub(crate) fn answer(&mut self) -> Result<(), String> {
        let ringing = self.in_phase(|phase| phase == Phase::Incoming);
        let Some((device, id)) = self.rng.pick(&ringing).cloned() else { return Ok(()) };
        let yes = self.rng.percent(70);
        let input = |id| if yes { Input::Accept(id) } else { Input::Reject(id) };
        self.feed(device, input(id.clone()))?;
        // Sometimes on two devices at once.
        let twin = ringing.iter().find(|(other, same)| *other != device && *same == id);
        match twin.cloned() {
            Some((other, id)) if self.rng.percent(50) => {
                let yes = if self.rng.percent(80) { yes } else { !yes };
                self.feed(other, if yes { Input::Accept(id) } else { Input::Reject(id) })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn hang_up(&mut self) -> Result<(), String> {
        let live = self.in_phase(|_| true);
        let Some((device, id)) = self.rng.pick(&live).cloned() else { return Ok(()) };
        let both = self.rng.percent(30);
        self.feed(device, Input::HangUp(id.clone()))?;
        let other = live.iter().find(|(other, same)| *other != device && *same == id).cloned();
        match other {
            Some((other, id)) if both => self.feed(other, Input::HangUp(id)),
            _ => Ok(()),
        }
    }

    /// A program uses the API by itself: other businesses, groups, wrong identifiers, strangers.
    fn raw(&mut self, device: usize) {
        let user = self.users[self.rng.index(self.users.len())].clone();
        // Not the calls' own invitations: a program that changes those behind the machine's back gets what it asks for.
        let all = self.server.spec.all.keys();
        let known: Vec<InviteId> = all.filter(|id| id.as_str().starts_with("raw-")).cloned().collect();
        let id = match self.rng.pick(&known) {
            Some(id) if self.rng.percent(85) => id.clone(),
            _ => self.raw_ids[self.rng.index(self.raw_ids.len())].clone(),
        };
        let timeout = [0, 1, 5, 30][self.rng.index(4)];
        let online_user_only = self.rng.percent(20);
        let data = ["not JSON", r#"{"businessID":"shop"}"#, ""][self.rng.index(3)].to_owned();
        let choice = self.rng.below(10);
        let fresh = if choice < 4 && self.rng.percent(90) {
            let fresh = InviteId::new(format!("raw-{}", self.fresh())).expect("valid");
            self.raw_ids.push(fresh.clone());
            fresh
        } else {
            id.clone()
        };
        let request = match choice {
            0 | 1 => Request::Invite(Invite {
                invite_id: fresh,
                invitee: user,
                data,
                online_user_only,
                timeout,
                room_id: None,
            }),
            2 | 3 => {
                let me = &self.devices[device].actor.user;
                let everyone: Vec<UserId> = self.users.iter().filter(|user| *user != me).cloned().collect();
                let group_id = GroupId::new("class").expect("valid");
                let invitee_list = everyone[..1 + self.rng.index(everyone.len())].to_vec();
                let invite_id = fresh;
                Request::InviteInGroup(InviteInGroup {
                    invite_id,
                    group_id,
                    invitee_list,
                    data,
                    online_user_only,
                    timeout,
                    room_id: None,
                })
            }
            4 | 5 => Request::Accept(Accept { invite_id: id, data }),
            6 => Request::Reject(Reject { invite_id: id, data }),
            7 => {
                let invitee_list = if self.rng.percent(70) { vec![] } else { vec![user] };
                Request::Cancel(Cancel { invite_id: id, invitee_list, data })
            }
            8 => Request::Timeout(Timeout { invite_id: id }),
            _ => Request::ModifyInvitation(ModifyInvitation { invite_id: id, data: "modified".into() }),
        };
        self.send(device, Pending::Raw, request);
    }
}
