//! The bytes that a command prints -> lines of text, whatever the bytes are, in bounded memory.

/// A longer line comes in pieces.
const LONGEST: usize = 16 << 10;

/// Collects bytes until a line is whole.
///
/// What is no UTF-8 is replaced by the replacement character. Of a line that was overwritten (progress bars go back with a
/// carriage return) the last state counts, as on a terminal.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    pub fn feed(&mut self, mut bytes: &[u8], line: &mut dyn FnMut(String)) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.push(&bytes[..end], line);
            self.end_line(line);
            bytes = &bytes[end + 1..];
        }
        self.push(bytes, line);
    }

    /// What stands after the last newline is a line too.
    pub fn finish(&mut self, line: &mut dyn FnMut(String)) {
        if !self.pending.is_empty() {
            self.end_line(line);
        }
    }

    fn end_line(&mut self, line: &mut dyn FnMut(String)) {
        while self.pending.last() == Some(&b'\r') {
            self.pending.pop();
        }
        self.drop_overwritten();
        line(String::from_utf8_lossy(&self.pending).into_owned());
        self.pending.clear();
    }

    fn push(&mut self, bytes: &[u8], line: &mut dyn FnMut(String)) {
        for piece in bytes.chunks(LONGEST) {
            self.pending.extend_from_slice(piece);
            if self.pending.len() > LONGEST {
                self.drop_overwritten();
            }
            while self.pending.len() > LONGEST {
                // Not in the middle of a character: its continuation bytes start with the bits 10.
                let is_start = |&at: &usize| self.pending[at] & 0b1100_0000 != 0b1000_0000;
                let cut = (LONGEST - 3..=LONGEST).rev().find(is_start).unwrap_or(LONGEST);
                line(String::from_utf8_lossy(&self.pending[..cut]).into_owned());
                self.pending.drain(..cut);
            }
        }
    }

    /// Drops what stands before the last carriage return, unless nothing has come after it yet.
    fn drop_overwritten(&mut self) {
        let end = self.pending.iter().rposition(|&byte| byte != b'\r').map_or(0, |last| last + 1);
        if let Some(back) = self.pending[..end].iter().rposition(|&byte| byte == b'\r') {
            self.pending.drain(..=back);
        }
    }
}
