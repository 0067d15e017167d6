//! Records and frames for tests.

use bytes::Bytes;

use crate::{Codec, Frame, Track, Tracks};

// Written by x264 and x265 through ffmpeg; the records of H.265 without their SEI message.
pub(crate) const AVCC_BASELINE_360: &str =
    "0142c01effe100196742c01ed900a02ff97011000003000100000300320f162e4801000568cb83cb20";
pub(crate) const AVCC_HIGH_1080: &str = concat!(
    "01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c658",
    "01000668ebe3cb22c0fdf8f800"
);
pub(crate) const AVCC_INTERLACED_1080: &str = concat!(
    "01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c0",
    "01000668fba3cb22c0fdf8f800"
);
pub(crate) const AVCC_422_10_BIT: &str = concat!(
    "017a000dffe1001b677a000db6cd941519e222f011000003000100000300320f142996",
    "01000768ebe3cb3002c0fefafa00"
);
pub(crate) const AVCC_444: &str = concat!(
    "01f4000affe1001967f4000a919b28e5f1b1f808800000030080000019078912cb",
    "01000868ebe3c44c000440fff8f800"
);
pub(crate) const AVCC_GREY: &str = concat!(
    "0164000affe100196764000af3651c9e363f016c800000030080000019078912cb",
    "01000668ebe3cb22c0fcf8f800"
);
pub(crate) const AVCC: [&str; 6] = [
    AVCC_BASELINE_360,
    AVCC_HIGH_1080,
    AVCC_INTERLACED_1080,
    AVCC_422_10_BIT,
    AVCC_444,
    AVCC_GREY,
];
pub(crate) const HVCC_MAIN_720: &str = concat!(
    "0101600000009000000000005df000fcfdf8f800000f03",
    "a00001001840010c01ffff01600000030090000003000003005d959809",
    "a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210",
    "a2000100074401c172b46240"
);
pub(crate) const HVCC_MAIN10_1080: &str = concat!(
    "01022000000090000000000078f000fcfdfafa00000f03",
    "a00001001840010c01ffff022000000300900000030000030078959809",
    "a10001002c420101022000000300900000030000030078a003c08010e4d96566924caf016808000003000800000300c840",
    "a2000100074401c172b46240"
);
pub(crate) const HVCC_SUB_LAYERS: &str = concat!(
    "0101600000009000000000003cf000fcfdf8f800000f03",
    "a00001001840010c01ffff01600000030090000003000003003c959809",
    "a10001002a42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000c84",
    "a2000100074401c172b46240"
);

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::from(hex(text))
}

pub(crate) const VIDEO: u8 = 0;
pub(crate) const SOUND: u8 = 1;

pub(crate) fn video() -> Track {
    Track::video(VIDEO, Codec::H264, bytes(AVCC_HIGH_1080)).unwrap()
}

pub(crate) fn video_and_sound() -> Tracks {
    Tracks::new(vec![video(), Track::g711(SOUND, Codec::Pcmu).unwrap()]).unwrap()
}

/// A picture of 5 bytes and more.
pub(crate) fn picture(key: bool, dts_us: i64, bytes: usize) -> Frame {
    let mut data = u32::try_from(bytes - 4).unwrap().to_be_bytes().to_vec();
    data.push(if key { 0x65 } else { 0x41 });
    data.resize(bytes, 0x5a);
    Frame {
        track: VIDEO,
        key,
        pts_us: dts_us,
        dts_us,
        data: Bytes::from(data),
    }
}

/// A packet of G.711.
pub(crate) fn sound(dts_us: i64, bytes: usize) -> Frame {
    let data = Bytes::from(vec![0xff; bytes]);
    Frame {
        track: SOUND,
        key: true,
        pts_us: dts_us,
        dts_us,
        data,
    }
}
