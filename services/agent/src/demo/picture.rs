//! A picture as the encoder takes it: I420, limited range, BT.709.

use openh264::formats::YUVSource;

/// Luma of reference black.
pub(super) const BLACK: u8 = 16;
/// Luma of reference white.
pub(super) const WHITE: u8 = 235;
/// Both chroma samples of grey.
pub(super) const NEUTRAL: u8 = 128;

/// One picture; width and height are even.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Luma, a byte per pixel, row by row.
    pub(super) y: Vec<u8>,
    /// Blue difference, a byte per block of 2x2 pixels.
    pub(super) u: Vec<u8>,
    /// Red difference, likewise.
    pub(super) v: Vec<u8>,
}

impl Picture {
    /// All black.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let blocks = (width / 2) * (height / 2);
        Self {
            width,
            height,
            y: vec![BLACK; width * height],
            u: vec![NEUTRAL; blocks],
            v: vec![NEUTRAL; blocks],
        }
    }

    /// Becomes a copy of `other`, which has the same size.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.y.copy_from_slice(&other.y);
        self.u.copy_from_slice(&other.u);
        self.v.copy_from_slice(&other.v);
    }

    /// A JPEG of it.
    ///
    /// # Errors
    /// When the encoder refuses; it does not for the sizes used here.
    pub(super) fn jpeg(&self, quality: u8) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
        let mut full = Vec::with_capacity(self.width * self.height * 3);
        let stretch =
            |value: u8, zero: f32, range: f32| ((f32::from(value) - zero) * 255.0 / range) as i16;
        for (row, line) in self.y.chunks_exact(self.width).enumerate() {
            for (column, &luma) in line.iter().enumerate() {
                let block = (row / 2) * (self.width / 2) + column / 2;
                let chroma = |plane: &[u8]| {
                    let value = stretch(plane[block], f32::from(NEUTRAL), 224.0);
                    (value + i16::from(NEUTRAL)).clamp(0, 255) as u8
                };
                full.push(stretch(luma, f32::from(BLACK), 219.0).clamp(0, 255) as u8);
                full.push(chroma(&self.u));
                full.push(chroma(&self.v));
            }
        }
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
        let (width, height) = (self.width as u16, self.height as u16);
        encoder.encode(&full, width, height, jpeg_encoder::ColorType::Ycbcr)?;
        Ok(bytes)
    }
}

impl YUVSource for Picture {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }

    fn y(&self) -> &[u8] {
        &self.y
    }

    fn u(&self) -> &[u8] {
        &self.u
    }

    fn v(&self) -> &[u8] {
        &self.v
    }
}
