//! Where values end in encoded bytes, found without building or recursing into anything: the codec trusts what it is given.

/// Deeper than anything that a client of Service Bus sends.
const DEEPEST: usize = 32;
/// An array may claim any number of elements that take no room.
const MOST_EMPTY_ELEMENTS: usize = 1024;

/// The bytes are not AMQP values, or not such as are taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a value is cut off")]
    CutOff,
    #[error("values are nested deeper than {DEEPEST}")]
    TooDeep,
    #[error("a value has more elements than bytes")]
    TooMany,
    #[error("an array holds compound values")]
    CompoundArray,
    #[error("the section is none of a message's")]
    Section,
}

/// One section of a message: its descriptor's code, and all its bytes with the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    pub(super) code: u8,
    pub(super) bytes: &'a [u8],
}

/// The sections of an encoded message, in their order.
pub(super) fn sections(mut bytes: &[u8]) -> Result<Vec<Section<'_>>, Malformed> {
    let mut sections = Vec::new();
    while !bytes.is_empty() {
        let (section, rest) = bytes.split_at(value_length(bytes)?);
        let code = match section {
            [0x00, 0x53, code @ 0x70..=0x78, ..]
            | [0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, code @ 0x70..=0x78, ..] => *code,
            _ => return Err(Malformed::Section),
        };
        sections.push(Section { code, bytes: section });
        bytes = rest;
    }
    Ok(sections)
}

/// How many bytes the first value takes.
pub(super) fn value_length(bytes: &[u8]) -> Result<usize, Malformed> {
    let mut cursor = Cursor { bytes, at: 0 };
    // How many values are still to come on each level, and where the level ends.
    let mut levels = vec![(1usize, bytes.len())];
    while let Some((left, end)) = levels.last_mut() {
        if *left == 0 {
            levels.pop();
            continue;
        }
        *left -= 1;
        let end = *end;
        if let Some(level) = cursor.value(end)? {
            if levels.len() == DEEPEST {
                return Err(Malformed::TooDeep);
            }
            levels.push(level);
        }
    }
    Ok(cursor.at)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Goes past a simple value or an array; of what holds values, past its head only, and says how many follow up to where.
    fn value(&mut self, end: usize) -> Result<Option<(usize, usize)>, Malformed> {
        let code = self.number(1, end)?;
        match code >> 4 {
            0x0 if code == 0 => return Ok(Some((2, end))),
            width @ 0x4..=0x9 => self.skip(fixed_width(width), end)?,
            0xa | 0xb => {
                let length = self.number(if code >> 4 == 0xa { 1 } else { 4 }, end)?;
                self.skip(length, end)?;
            }
            kind @ 0xc..=0xf => {
                let width = if kind % 2 == 0 { 1 } else { 4 };
                let size = self.number(width, end)?;
                let inner =
                    self.at.checked_add(size).filter(|inner| *inner <= end).ok_or(Malformed::CutOff)?;
                let count = self.number(width, inner)?;
                if kind >= 0xe {
                    self.array(count, inner)?;
                } else if count > inner - self.at {
                    return Err(Malformed::TooMany);
                } else {
                    return Ok(Some((count, inner)));
                }
            }
            _ => return Err(Malformed::CutOff),
        }
        Ok(None)
    }

    fn array(&mut self, count: usize, end: usize) -> Result<(), Malformed> {
        let most = match self.number(1, end)? >> 4 {
            0x4 => MOST_EMPTY_ELEMENTS,
            0x5..=0xb => end - self.at,
            _ => return Err(Malformed::CompoundArray),
        };
        if count > most {
            return Err(Malformed::TooMany);
        }
        self.at = end;
        Ok(())
    }

    fn number(&mut self, width: usize, end: usize) -> Result<usize, Malformed> {
        let from = self.at;
        self.skip(width, end)?;
        Ok(self.bytes[from..self.at].iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn skip(&mut self, length: usize, end: usize) -> Result<(), Malformed> {
        self.at = self.at.checked_add(length).filter(|at| *at <= end).ok_or(Malformed::CutOff)?;
        Ok(())
    }
}

fn fixed_width(high: usize) -> usize {
    match high {
        0x4 => 0,
        0x5 => 1,
        0x6 => 2,
        0x7 => 4,
        0x8 => 8,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_amqp::{Value, primitives::OrderedMap, to_vec};

    #[test]
    fn a_value_ends_where_the_next_begins() {
        let mut map = OrderedMap::new();
        map.insert(Value::from("a"), Value::List(vec![Value::Long(-1), Value::Null, Value::Bool(true)]));
        map.insert(Value::from("b".repeat(300)), Value::Array(vec![Value::Uint(7), Value::Uint(0)].into()));
        let values = [Value::Map(map), Value::from("text"), Value::List(Vec::new()), Value::Ubyte(9)];
        let encoded: Vec<Vec<u8>> = values.iter().map(|value| to_vec(value).unwrap()).collect();
        let mut rest = encoded.concat();
        for one in encoded {
            assert_eq!(value_length(&rest), Ok(one.len()));
            rest.drain(..one.len());
        }
    }

    #[test]
    fn what_is_cut_off_nested_too_deep_or_claims_too_much_is_refused() {
        let nested = (0..40).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert_eq!(value_length(&to_vec(&nested).unwrap()), Err(Malformed::TooDeep));
        let text = to_vec(&Value::from("text")).unwrap();
        for length in 0..text.len() {
            assert_eq!(value_length(&text[..length]), Err(Malformed::CutOff));
        }
        let list_of_a_billion = [0xd0, 0, 0, 0, 5, 0x3b, 0x9a, 0xca, 0x00, 0x40];
        assert_eq!(value_length(&list_of_a_billion), Err(Malformed::TooMany));
        let nulls_without_end = [0xf0, 0, 0, 0, 5, 0x3b, 0x9a, 0xca, 0x00, 0x40];
        assert_eq!(value_length(&nulls_without_end), Err(Malformed::TooMany));
        assert_eq!(value_length(&[0xe0, 3, 1, 0xc0, 0]), Err(Malformed::CompoundArray));
        assert_eq!(sections(&[0x00, 0x53, 0x10, 0x45]), Err(Malformed::Section));
    }
}
