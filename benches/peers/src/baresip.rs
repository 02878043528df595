//! Two baresip (Debian: `baresip-core`, `libasound2-plugins`) that call each other without a server, through virtual
//! sound cards.

use std::{
    fs::{self, File},
    net::UdpSocket,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ahoy::bench::{
    cards::Cards,
    client::{Usage, used},
    process::{Folder, Running},
};
use anyhow::ensure;

/// Nothing on the way into a call takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Its ALSA module reaches PulseAudio by a plug-in of ALSA's.
const ASOUNDRC: &str = "pcm.!default { type pulse }\nctl.!default { type pulse }\n";

/// Lets two of them talk: what the caller used, and what the callee used.
pub(crate) fn measure(program: &Path, speech: &Path, seconds: f64) -> anyhow::Result<[Usage; 2]> {
    let cards = Cards::start(&["caller", "callee"])?;
    let folder = Folder::make()?;
    fs::write(folder.path().join(".asoundrc"), ASOUNDRC)?;
    let ports = free_ports()?;
    let phone = |name: &str, port: u16, more: &[&str]| -> anyhow::Result<Running> {
        let own = folder.path().join(name);
        fs::create_dir(&own)?;
        fs::write(own.join("config"), config(port))?;
        let account = format!("<sip:{name}@127.0.0.1;transport=udp>;regint=0;answermode=auto;ptime=20\n");
        fs::write(own.join("accounts"), account)?;
        let log = File::create(own.join("log"))?;
        let mut command = Command::new(program);
        command.arg("-f").arg(&own).args(more).env("HOME", folder.path());
        cards.plug(&mut command, name);
        // It ends with its input.
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        Running::start(&mut command)
    };
    let said = |name: &str, words: &str| wait_for(&folder.path().join(name).join("log"), words);
    let mut callee = phone("callee", ports[0], &[])?;
    said("callee", "baresip is ready")?;
    let dial = format!("/dial sip:callee@127.0.0.1:{}", ports[0]);
    let mut caller = phone("caller", ports[1], &["-e", &dial])?;
    said("caller", "Call established")?;
    cards.say("caller", speech);
    cards.say("callee", speech);
    used([&mut caller, &mut callee], seconds)
}

/// Opus as this program has it on a good network, without processing.
fn config(port: u16) -> String {
    format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\n\
         audio_source alsa,default\naudio_player alsa,default\naudio_alert alsa,default\n\
         ausrc_srate 48000\nauplay_srate 48000\nausrc_channels 1\nauplay_channels 1\naudio_txmode thread\n\
         opus_bitrate 32000\nmodule_path /usr/lib/baresip/modules\nmodule opus.so\nmodule alsa.so\n\
         module_app account.so\nmodule_app menu.so\n"
    )
}

/// Two ports that are free, and so are those behind them, where it listens for TLS.
fn free_ports() -> anyhow::Result<[u16; 2]> {
    let sockets: Vec<_> = (0..4).map(|_| UdpSocket::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    let mut ports: Vec<u16> =
        sockets.iter().map(|socket| Ok(socket.local_addr()?.port())).collect::<std::io::Result<_>>()?;
    ports.sort_unstable();
    Ok([ports[0], ports[3]])
}

fn wait_for(log: &Path, words: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = fs::read(log).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
        if said.contains(words) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "baresip never says «{words}»: {said}");
        thread::sleep(Duration::from_millis(100));
    }
}
