//! Pictures: checked from outside, never decoded here. Whoever shows one does that, with limits of its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Answer, Fail, Logic, answer, refuse};
use crate::{
    protocol::{
        Code,
        api::{GetPicture, PICTURE_SCHEME, Picture, UploadPicture, UploadPictureReply},
        limits,
    },
    signaling::Actor,
};

/// What the files of the two formats begin with.
const BEGINNINGS: [&[u8]; 2] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"];

impl Logic {
    pub(super) fn upload_picture(&mut self, actor: &Actor, request: &UploadPicture) -> Answer {
        let Ok(data) = STANDARD.decode(&request.data) else {
            return refuse(Code::InvalidParameters, "\"data\" is not base64; encode the file's bytes.");
        };
        if data.len() > limits::PICTURE_MAX_BYTES {
            let max = limits::PICTURE_MAX_BYTES / 1024;
            return refuse(Code::InvalidParameters, format!("The picture has more than {max} KiB; make it smaller."));
        }
        if !BEGINNINGS.iter().any(|beginning| data.starts_with(beginning)) {
            return refuse(Code::InvalidParameters, "The picture is neither PNG nor JPEG; convert it first.");
        }
        let hash: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
        let face_url = format!("{PICTURE_SCHEME}{hash}");
        self.store.add_picture(&face_url, &data, &actor.user, self.wall_ms)?;
        answer(&UploadPictureReply { face_url })
    }

    pub(super) fn get_picture(&self, request: &GetPicture) -> Answer {
        match self.store.picture(&request.face_url)? {
            Some(data) => answer(&Picture { data: STANDARD.encode(data) }),
            None => refuse(Code::NotFound, "There is no such picture (any more)."),
        }
    }

    /// A group may only show what is here.
    pub(super) fn check_picture(&self, face_url: &str) -> Result<(), Fail> {
        if !face_url.is_empty() && !self.store.has_picture(face_url)? {
            return refuse(Code::InvalidParameters, "There is no picture at this \"faceURL\"; upload it first.");
        }
        Ok(())
    }
}
