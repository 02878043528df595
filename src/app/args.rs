//! The command line of `ahoy` and of `ahoy demo`.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use crate::{media::spec::DeviceSpec, protocol::UserId};

/// The window.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WindowArgs {
    /// Whose account, settings and call log; windows of several profiles run side by side.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub profile: String,
    /// The folder of all profiles [default: the system's].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// For this run: device name, default, file:PATH.wav (played in a loop), tone:HZ or silence.
    #[arg(long, value_name = "SPEC")]
    pub microphone: Option<DeviceSpec>,
    /// For this run: device name, default, file:PATH.wav (recorded) or null.
    #[arg(long, value_name = "SPEC")]
    pub speaker: Option<DeviceSpec>,
    /// For this run: where it rings.
    #[arg(long, value_name = "SPEC")]
    pub ring_device: Option<DeviceSpec>,
    /// Where the window opens, narrow enough to stand beside another one.
    #[arg(long, value_name = "X,Y", hide = true)]
    pub window_position: Option<Position>,
    /// Sign in at this server, as `--user`.
    #[arg(long, value_name = "URL", hide = true, requires = "user")]
    pub server: Option<String>,
    /// Who, with `--server`. The account is made at the first start.
    #[arg(long, value_name = "NAME", hide = true, requires = "server")]
    pub user: Option<UserId>,
    /// The name that others see, with `--server`.
    #[arg(long, value_name = "NAME", hide = true, requires = "server")]
    pub display_name: Option<String>,
    /// Make a class of this name, with `--class-student`s in it.
    #[arg(long, value_name = "NAME", hide = true, requires = "class_students")]
    pub class: Option<String>,
    /// Who is to be in the class, once they are there.
    #[arg(long = "class-student", value_name = "USER", hide = true, requires = "class")]
    pub class_students: Vec<UserId>,
    /// Where the server of this window listens, for tests.
    #[arg(long, value_name = "ADDR", hide = true)]
    pub host_listen: Option<SocketAddr>,
    /// Neither announce a server nor look for others, for tests.
    #[arg(long, hide = true)]
    pub no_discovery: bool,
}

/// A place on the screen, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// From the left edge.
    pub x: f32,
    /// From the upper edge.
    pub y: f32,
}

/// Why a text is not a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write two numbers with a comma between them, as in 40,60")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (x, y) = text.split_once(',').ok_or(InvalidPosition)?;
        let number = |text: &str| match text.trim().parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            Ok(_) | Err(_) => Err(InvalidPosition),
        };
        Ok(Self { x: number(x)?, y: number(y)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!("40,60".parse(), Ok(Position { x: 40.0, y: 60.0 }));
        assert_eq!("-8, 0.5".parse(), Ok(Position { x: -8.0, y: 0.5 }));
        for bad in ["", "40", "a,b", "1,2,3", "NaN,0", "inf,0"] {
            assert_eq!(bad.parse::<Position>(), Err(InvalidPosition), "{bad}");
        }
    }
}
