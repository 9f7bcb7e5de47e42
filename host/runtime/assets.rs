//! Data that travels in a component's own file: custom sections after all others, which are no part
//! of the code. What is no component has none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

const PREFIX: &str = "aio-host.asset.";
/// The beginning of every component; a core module's version differs.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const CUSTOM: u8 = 0;
/// The longest number of 32 bits in LEB128.
const NUMBER: usize = 5;

/// The assets of one program. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Assets(Arc<HashMap<String, Vec<u8>>>);

/// Puts an asset behind a component's bytes, where a guest finds it by this name.
pub fn append_asset(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    let name = [PREFIX, name].concat();
    let mut header = Vec::new();
    push_number(&mut header, name.len());
    header.extend_from_slice(name.as_bytes());
    component.push(CUSTOM);
    push_number(component, header.len() + data.len());
    component.extend_from_slice(&header);
    component.extend_from_slice(data);
}

fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

impl Assets {
    /// Reads those of a file, and nothing else of it.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        Ok(read(&mut BufReader::new(File::open(path)?))?.0)
    }

    /// Takes them off a component's bytes; what is left is the code.
    pub(crate) fn split(bytes: &[u8]) -> (Self, &[u8]) {
        // Memory can be read; what cannot be understood is left to the compiler to tell.
        let (assets, code) = read(&mut Cursor::new(bytes)).unwrap_or_default();
        let code = usize::try_from(code).ok().filter(|_| !assets.0.is_empty());
        let code = code.and_then(|length| bytes.get(..length));
        (assets, code.unwrap_or(bytes))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// Reads all assets, and tells where what is none of them ends.
fn read(file: &mut (impl Read + Seek)) -> io::Result<(Assets, u64)> {
    let mut start = [0; COMPONENT.len()];
    file.read_exact(&mut start)?;
    if start != COMPONENT {
        return Ok(Default::default());
    }
    let mut assets = HashMap::new();
    let mut code = file.stream_position()?;
    while let Some(section) = Section::read(file)? {
        match section.asset(file)? {
            Some((name, data)) => drop(assets.insert(name, data)),
            None => code = section.end,
        }
        file.seek(SeekFrom::Start(section.end))?;
    }
    Ok((Assets(Arc::new(assets)), code))
}

struct Section {
    is_custom: bool,
    end: u64,
}

impl Section {
    /// Reads the header of the next one; none at the end of the file.
    fn read(file: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let mut id = [0];
        if file.read(&mut id)? == 0 {
            return Ok(None);
        }
        let length = read_number(file)?;
        let end = file.stream_position()? + u64::from(length);
        Ok(Some(Self {
            is_custom: id == [CUSTOM],
            end,
        }))
    }

    /// Its name and data, if it is an asset.
    fn asset(&self, file: &mut (impl Read + Seek)) -> io::Result<Option<(String, Vec<u8>)>> {
        if !self.is_custom {
            return Ok(None);
        }
        let length = u64::from(read_number(file)?);
        let name = self.bytes(file, length)?;
        let name = String::from_utf8(name).ok();
        let Some(name) = name.as_deref().and_then(|name| name.strip_prefix(PREFIX)) else {
            return Ok(None);
        };
        let data = self.bytes(file, u64::MAX)?;
        Ok(Some((name.to_owned(), data)))
    }

    /// The next bytes, at most to its end. Only what is there is given memory.
    fn bytes(&self, file: &mut (impl Read + Seek), length: u64) -> io::Result<Vec<u8>> {
        let left = self.end.saturating_sub(file.stream_position()?);
        let mut bytes = Vec::new();
        file.take(length.min(left)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn read_number(file: &mut impl Read) -> io::Result<u32> {
    let mut number = 0;
    for place in 0..NUMBER {
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        number |= u64::from(byte[0] & 0x7f) << (7 * place);
        if byte[0] < 0x80 {
            return u32::try_from(number).map_err(|_| io::ErrorKind::InvalidData.into());
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_found_and_taken_off() {
        let plain = [&COMPONENT[..], &[1, 2, 8, 9], &[0, 3, 1, b'x', 7]].concat();
        let mut bytes = plain.clone();
        for length in [0, 1, 127, 128, 20_000] {
            append_asset(&mut bytes, &format!("n{length}"), &vec![b'd'; length]);
        }
        let (assets, code) = Assets::split(&bytes);
        assert_eq!(code, plain);
        for length in [0, 1, 127, 128, 20_000] {
            let found = assets.get(&format!("n{length}")).unwrap();
            assert_eq!(found, vec![b'd'; length]);
        }
        assert_eq!(assets.get("n"), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.wasm");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Assets::of_file(&path).unwrap().get("n1"), Some(&b"d"[..]));
    }

    #[test]
    fn what_is_no_sound_component_has_none_and_is_left_as_it_is() {
        let mut whole = COMPONENT.to_vec();
        append_asset(&mut whole, "name", b"data");
        for length in 0..whole.len() {
            let (assets, code) = Assets::split(&whole[..length]);
            assert!(assets.get("name").is_none_or(|data| data.len() < 4));
            assert!(whole.starts_with(code));
        }
        let huge = [
            &COMPONENT[..],
            &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 3],
        ]
        .concat();
        for bytes in [b"(component)", &b"\0asm\x01\0\0\0\0\x01\0"[..], &huge] {
            assert_eq!(Assets::split(bytes).1, bytes);
        }
    }
}
