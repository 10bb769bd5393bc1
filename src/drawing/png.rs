//! Pixels as a file.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::DrawingError;

/// Pixels in rows from the top, red, green and blue of each, as a PNG file (ISO/IEC 15948:2003, <https://www.w3.org/TR/png/>).
pub(super) fn file(width: usize, height: usize, pixels: &[u8]) -> Result<Vec<u8>, DrawingError> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut above = vec![0; 3 * width];
    for row in pixels.chunks(3 * width) {
        // Filter 2, the difference to the pixel above: pictures are mostly alike from row to row.
        let differences: Vec<u8> =
            row.iter().zip(&above).map(|(here, above)| here.wrapping_sub(*above)).collect();
        packed.write_all(&[2]).and_then(|()| packed.write_all(&differences)).map_err(DrawingError::Pack)?;
        above.copy_from_slice(row);
    }
    let packed = packed.finish().map_err(DrawingError::Pack)?;
    let mut file = vec![0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // Eight bits each of red, green and blue; the only packing and filtering there is; not interlaced.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &packed);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    file.extend((content.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(content);
    file.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_a_file_is_that_of_the_standard() {
        let png = file(1, 2, &[255, 0, 0, 255, 0, 0]).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        // The last chunk is the same in every file.
        assert_eq!(&png[png.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
        let packed = &png[8 + 25 + 8..png.len() - 12 - 4];
        let mut rows = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(packed), &mut rows).unwrap();
        assert_eq!(rows, [2, 255, 0, 0, 2, 0, 0, 0]);
    }
}
