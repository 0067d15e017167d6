//! A letter as plain text and as HTML.

/// Longest text from outside that a mail repeats, characters.
const FOREIGN_CHARS_MAX: usize = 1000;

/// What a mail says, before it is shown in one way or the other.
pub(super) struct Letter {
    /// As in the `lang` attribute (BCP 47).
    pub(super) language: &'static str,
    /// Fixed text: nothing from outside can get into the header.
    pub(super) subject: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A part of a letter.
pub(super) enum Block {
    /// A paragraph.
    Text(String),
    /// A code to be typed elsewhere.
    Code(String),
    /// Words of somebody else.
    Quote(String),
}

impl Letter {
    pub(super) fn text(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(Block::text).collect();
        blocks.join("\n\n")
    }

    pub(super) fn html(&self) -> String {
        let blocks: String = self.blocks.iter().map(Block::html).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title>\
             </head>\n<body style=\"margin:0;padding:24px;background:#f3f4f6;color:#1f2937;\
             font:16px/1.5 sans-serif\">\n<div style=\"max-width:480px;margin:0 auto;\
             padding:24px;background:#ffffff;border-radius:8px\">\n{blocks}</div>\n</body></html>\n",
            self.language,
            escape(self.subject),
        )
    }
}

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => one_line(text),
            Self::Code(code) => format!("    {code}"),
            Self::Quote(words) => format!("> {}", one_line(words)),
        }
    }

    fn html(&self) -> String {
        match self {
            Self::Text(text) => {
                format!("<p style=\"margin:0 0 16px\">{}</p>\n", escape(text))
            }
            Self::Code(code) => format!(
                "<p style=\"margin:0 0 16px;font-size:28px;font-weight:bold;\
                 letter-spacing:3px\">{}</p>\n",
                escape(code)
            ),
            Self::Quote(words) => format!(
                "<p style=\"margin:0 0 16px;padding-left:12px;\
                 border-left:3px solid #d1d5db\">{}</p>\n",
                escape(words)
            ),
        }
    }
}

/// Without line breaks and other control characters: a name of a device is no place for a
/// paragraph that seems to be ours.
fn one_line(text: &str) -> String {
    text.chars()
        .take(FOREIGN_CHARS_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// As text between tags.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_stay_one_line_of_text() {
        let letter = Letter {
            language: "en",
            subject: "About <you>",
            blocks: vec![Block::Quote(
                "<img src=x onerror='a()'>\r\nBcc: \"eve\" & co".into(),
            )],
        };
        assert_eq!(
            letter.text(),
            "> <img src=x onerror='a()'>  Bcc: \"eve\" & co"
        );
        let html = letter.html();
        assert!(html.contains("<title>About &lt;you&gt;</title>"));
        assert!(html.contains(
            "&lt;img src=x onerror=&#39;a()&#39;&gt;  Bcc: &quot;eve&quot; &amp; co</p>"
        ));
    }
}
