//! The command line of `ahoy phone`.

use std::path::PathBuf;

use crate::{engine::VoiceOverrides, media::spec::DeviceSpec, protocol::UserId};

/// A phone without a window: signs in, calls or waits, and stays in the foreground.
#[derive(Clone, Debug, clap::Args)]
pub struct PhoneArgs {
    /// The server: wss://HOST:PORT, HOST:PORT or HOST.
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Who this phone is. The account is made at the first start, and its token kept in the profile.
    #[arg(long, value_name = "NAME")]
    pub user: UserId,
    /// The name that others see.
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// The profile that keeps token and call log [default: phone-NAME].
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Password of the account; with it, an account of another device can be used.
    #[arg(long, value_name = "PASSWORD")]
    pub password: Option<String>,
    /// Call this user as soon as the phone is online; the phone ends with the call.
    #[arg(long, value_name = "USER")]
    pub call: Option<UserId>,
    /// Answer every call at once; a lesson that this phone is rung for is one.
    #[arg(long)]
    pub auto_answer: bool,
    /// Hang up so many seconds after talking began.
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<u64>,
    /// Device name, default, file:PATH.wav (played in a loop), tone:HZ, silence or off (nothing is sent).
    #[arg(long, value_name = "SPEC")]
    pub microphone: Option<DeviceSpec>,
    /// Device name, default, file:PATH.wav (recorded), null or off (nothing is decoded).
    #[arg(long, value_name = "SPEC")]
    pub speaker: Option<DeviceSpec>,
    /// What is done to voices.
    #[command(flatten)]
    pub voice: VoiceArgs,
    /// Allow a connection without TLS (ws://). For tests on this computer only.
    #[arg(long)]
    pub insecure: bool,
    /// Speak JSON-RPC 2.0 on stdin and stdout, one object per line: the calls of the protocol, and the phone's own about
    /// calls and lessons.
    #[arg(long)]
    pub json: bool,
    /// The folder of all profiles [default: the system's].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How long a call rings, seconds.
    #[arg(long, value_name = "SECONDS", hide = true, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub ring_timeout: Option<u32>,
}

/// What is done to voices, where it differs from the profile's settings.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct VoiceArgs {
    /// Leave in the microphone what comes out of the speaker.
    #[arg(long)]
    pub no_echo_cancelling: bool,
    /// Leave noise in the microphone.
    #[arg(long)]
    pub no_noise_suppression: bool,
    /// Leave the own voice as loud as it is.
    #[arg(long)]
    pub no_gain_control: bool,
    /// Leave in the microphone what is deeper than a voice.
    #[arg(long)]
    pub no_high_pass: bool,
    /// Leave the voices of others as loud as they are.
    #[arg(long)]
    pub no_levelling: bool,
    /// All of the above.
    #[arg(long)]
    pub no_processing: bool,
    /// Send music instead of speech: all of the above, stereo, and a high bit rate.
    #[arg(long)]
    pub music: bool,
}

impl VoiceArgs {
    /// What the engine is told.
    pub(super) fn overrides(self) -> VoiceOverrides {
        VoiceOverrides {
            no_echo_cancelling: self.no_echo_cancelling || self.no_processing,
            no_noise_suppression: self.no_noise_suppression || self.no_processing,
            no_gain_control: self.no_gain_control || self.no_processing,
            no_high_pass: self.no_high_pass || self.no_processing,
            no_levelling: self.no_levelling || self.no_processing,
            music: self.music,
        }
    }
}

impl PhoneArgs {
    /// Where the ringtone goes: to the chosen speaker if that is a device; a recording has only voices in it.
    pub(super) fn ring_device(&self) -> Option<DeviceSpec> {
        self.speaker.clone().map(|speaker| match speaker {
            DeviceSpec::File(_) => DeviceSpec::Null,
            device => device,
        })
    }
}
