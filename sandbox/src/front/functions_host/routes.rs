//! Route templates of HTTP triggers, as far as ASP.NET's are used: literals, `{name}`, `{name?}` and `{*name}`.

use percent_encoding::percent_decode_str;

/// One template, without the prefix (`api`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    // In the order of what ASP.NET prefers, so that the derived order of two routes is which one is asked first.
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Optional(String),
    CatchAll(String),
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum RouteError {
    /// Braces do not pair up, or share a segment with other text.
    #[error("`{0}` is neither a literal nor one parameter in braces")]
    Segment(String),
    /// `{id:int}` and defaults (`{id=5}`) are not served.
    #[error("`{0}`: constraints and defaults are not served here")]
    Constraint(String),
    /// An optional or catch-all parameter has something after it.
    #[error("`{0}` must be the last segment")]
    NotLast(String),
}

impl Route {
    /// Reads a template. A leading slash is ignored, as ASP.NET does.
    pub(super) fn parse(template: &str) -> Result<Self, RouteError> {
        let texts: Vec<&str> = template.split('/').filter(|text| !text.is_empty()).collect();
        let mut segments = Vec::with_capacity(texts.len());
        for (position, text) in texts.iter().enumerate() {
            let segment = Segment::parse(text)?;
            let open_ended = matches!(segment, Segment::Optional(_) | Segment::CatchAll(_));
            if open_ended && position + 1 < texts.len() {
                return Err(RouteError::NotLast((*text).to_owned()));
            }
            segments.push(segment);
        }
        Ok(Self { segments })
    }

    /// The parameters of `path` (percent-encoded, without the prefix), or `None` if it does not match. Literals match in any case.
    pub(super) fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut parameters = Vec::new();
        let mut position = 0;
        for segment in &self.segments {
            let part = parts.get(position);
            match (segment, part) {
                (Segment::Literal(text), Some(part)) if text.eq_ignore_ascii_case(&decoded(part)?) => {}
                (Segment::Parameter(name) | Segment::Optional(name), Some(part)) => {
                    parameters.push((name.clone(), decoded(part)?));
                }
                (Segment::Optional(_), None) => {}
                (Segment::CatchAll(name), _) => {
                    parameters.push((name.clone(), decoded(&parts.get(position..)?.join("/"))?));
                    return Some(parameters);
                }
                (Segment::Literal(_) | Segment::Parameter(_), _) => return None,
            }
            position += usize::from(part.is_some());
        }
        (position == parts.len()).then_some(parameters)
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, RouteError> {
        let wrong = || RouteError::Segment(text.to_owned());
        if !text.contains(['{', '}']) {
            return Ok(Self::Literal(text.to_owned()));
        }
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(wrong)?;
        if inner.contains([':', '=']) {
            return Err(RouteError::Constraint(text.to_owned()));
        }
        let (make, name): (fn(String) -> Self, &str) = if let Some(name) = inner.strip_suffix('?') {
            (Self::Optional, name)
        } else if inner.starts_with('*') {
            (Self::CatchAll, inner.trim_start_matches('*'))
        } else {
            (Self::Parameter, inner)
        };
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if named { Ok(make(name.to_owned())) } else { Err(wrong()) }
    }
}

fn decoded(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        Route::parse(template).unwrap().matches(path)
    }

    fn one(name: &str, value: &str) -> Option<Vec<(String, String)>> {
        Some(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn an_optional_parameter_may_be_left_out_and_a_required_one_may_not() {
        assert_eq!(matched("handshakes/{id?}", "handshakes"), Some(vec![]));
        assert_eq!(matched("handshakes/{id?}", "Handshakes/a%20b"), one("id", "a b"));
        assert_eq!(matched("handshakes/{id}", "handshakes"), None);
        assert_eq!(matched("handshakes/{id?}", "handshakes/a/b"), None);
    }

    #[test]
    fn a_catch_all_takes_every_segment_that_is_left() {
        assert_eq!(matched("files/{*path}", "files/a/b"), one("path", "a/b"));
        assert_eq!(matched("files/{*path}", "files"), one("path", ""));
    }

    #[test]
    fn a_literal_is_asked_before_a_parameter_and_that_before_a_catch_all() {
        let mut routes =
            ["{*rest}", "{id}", "status", "{id?}"].map(|template| Route::parse(template).unwrap());
        routes.sort();
        let sorted = ["status", "{id}", "{id?}", "{*rest}"].map(|template| Route::parse(template).unwrap());
        assert_eq!(routes, sorted);
    }

    #[test]
    fn a_template_that_is_not_served_is_refused_by_its_segment() {
        assert_eq!(Route::parse("{id:int}"), Err(RouteError::Constraint("{id:int}".to_owned())));
        assert_eq!(Route::parse("a{id}"), Err(RouteError::Segment("a{id}".to_owned())));
        assert_eq!(Route::parse("{}"), Err(RouteError::Segment("{}".to_owned())));
        assert_eq!(Route::parse("{id?}/x"), Err(RouteError::NotLast("{id?}".to_owned())));
    }
}
