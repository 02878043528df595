//! Pictures: small, kept by the server under the hash of their bytes.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, limits},
    Call,
    check::invalid,
};

/// What the address of a picture begins with; its SHA-256 follows, hexadecimal, in small letters.
pub const PICTURE_SCHEME: &str = "ahoy:";

/// The address of a picture, or nothing for none.
pub(super) fn check_face_url(url: &str) -> Result<(), ApiError> {
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if url.is_empty() || url.strip_prefix(PICTURE_SCHEME).is_some_and(is_hash) {
        return Ok(());
    }
    Err(invalid("\"faceURL\" must be one that uploadPicture gave, or empty."))
}

call! {
    /// Leaves a picture with the server. It is kept while a group has it, and a day for that to happen.
    UploadPicture = "uploadPicture" -> UploadPictureReply {
        /// The bytes of a PNG or JPEG, in base64.
        data: String,
    } where |this| {
        if this.data.len() > limits::PICTURE_MAX_BYTES.div_ceil(3) * 4 {
            let max = limits::PICTURE_MAX_BYTES / 1024;
            return Err(invalid(format!("The picture has more than {max} KiB; make it smaller.")));
        }
        Ok(())
    }
}

/// Reply to [`UploadPicture`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadPictureReply {
    /// Where it is: what `setGroupInfo` takes.
    #[serde(rename = "faceURL")]
    pub face_url: String,
}

call! {
    /// A picture that somebody left.
    GetPicture = "getPicture" -> Picture {
        /// Where it is.
        #[serde(rename = "faceURL")]
        face_url: String,
    } where |this| {
        if this.face_url.is_empty() {
            return Err(invalid("\"faceURL\" is empty; name a picture."));
        }
        check_face_url(&this.face_url)
    }
}

/// Reply to [`GetPicture`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// The bytes of a PNG or JPEG, in base64.
    pub data: String,
}
