//! TensorFlow's records, and the few messages of its event protocol that scalars need, written by hand: both are frozen, and
//! a protobuf compiler would be more than all of this.

/// A record: the length, its checksum, the content, its checksum.
pub(super) fn push(file: &mut Vec<u8>, content: &[u8]) {
    let length = (content.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(crc32c(&length)).to_le_bytes());
    file.extend(content);
    file.extend(masked(crc32c(content)).to_le_bytes());
}

/// What every event file begins with.
pub(super) fn version() -> Vec<u8> {
    let mut event = Message::default();
    event.text(3, "brain.Event:2");
    event.0
}

/// One value of one metric at one step.
pub(super) fn scalar(tag: &str, step: i64, value: f32) -> Vec<u8> {
    let mut of = Message::default();
    of.text(1, tag);
    of.float(2, value);
    let mut summary = Message::default();
    summary.bytes(1, &of.0);
    let mut event = Message::default();
    event.integer(2, step);
    event.bytes(5, &summary.0);
    event.0
}

/// A protobuf message. A field that is not written is zero, as the wall time of our events is.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn integer(&mut self, field: u64, value: i64) {
        self.key(field, 0);
        // Negative numbers are their two's complement.
        self.varint(value as u64);
    }

    fn bytes(&mut self, field: u64, content: &[u8]) {
        self.key(field, 2);
        self.varint(content.len() as u64);
        self.0.extend(content);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn float(&mut self, field: u64, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }
}

/// A checksum inside what may be checksummed again: rotated, and a constant added.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), a byte at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors of RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
    #[test]
    fn checksums_are_those_of_the_standard() {
        let rising: Vec<u8> = (0..32).collect();
        for (bytes, crc) in [
            (&[0; 32][..], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&rising, 0x46dd_794e),
            (b"123456789", 0xe306_9283),
            (b"", 0),
        ] {
            assert_eq!(crc32c(bytes), crc);
        }
    }
}
