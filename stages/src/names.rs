//! Names as parts of paths.

/// A name as one part of a path: all but letters, digits and `- _ + = @ .` becomes `%` and its code, a first dot too.
/// Different names stay different.
pub fn part(name: &str) -> String {
    let mut part = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_alphanumeric() || "-_+=@".contains(letter) || (letter == '.' && at > 0) {
            part.push(letter);
        } else {
            part.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    part
}
