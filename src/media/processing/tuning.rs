//! How AEC3 is tuned. `ahoy bench echo` shows what comes of it.

use sonora_aec3::config::EchoCanceller3Config;

/// Length of the filters, blocks of 4 ms: the echo of an ordinary room (T60 up to 0.3 s), where WebRTC has 52 ms.
const FILTER_BLOCKS: usize = 50;

/// WebRTC's own: whatever the room is like, hardly any echo gets through, and hardly anybody who speaks into it.
pub(super) fn safe() -> EchoCanceller3Config {
    EchoCanceller3Config::default()
}

/// For people who speak at the same time, in rooms that the filter knows.
///
/// WebRTC believes that its filter takes away 2 to 6 dB, and suppresses the rest together with whoever speaks. A filter
/// that is long enough and rests while somebody speaks takes away 20 to 35 dB. Here the filter is believed as far as it
/// is measured, and suppression lets go as quickly as speech begins.
pub(super) fn trusting() -> EchoCanceller3Config {
    let mut config = EchoCanceller3Config::default();
    config.filter.refined.length_blocks = FILTER_BLOCKS;
    config.filter.coarse.length_blocks = FILTER_BLOCKS;
    config.erle.max_l = 1000.0;
    config.erle.max_h = 300.0;
    config.erle.num_sections = 3;
    let suppressor = &mut config.suppressor;
    suppressor.nearend_average_blocks = 1;
    suppressor.floor_first_increase = 0.003;
    suppressor.normal_tuning.max_inc_factor = 30.0;
    suppressor.nearend_tuning.max_inc_factor = 30.0;
    suppressor.nearend_tuning.mask_lf.enr_suppress = 2.0;
    suppressor.nearend_tuning.mask_hf.enr_transparent = 0.5;
    suppressor.nearend_tuning.mask_hf.enr_suppress = 1.0;
    suppressor.dominant_nearend_detection.trigger_threshold = 3;
    config
}
