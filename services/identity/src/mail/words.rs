//! What mails say, in English and Russian.

use std::net::IpAddr;
use std::time::Duration;

use super::layout::{Block, Letter};
use crate::accounts::Language;

/// What a mail is about.
pub(crate) enum Content<'a> {
    /// The code for a new account.
    RegistrationCode { code: &'a str, valid: Duration },
    /// Instead of that code, when the address has an account.
    AlreadyRegistered,
    /// The code for a new password.
    ResetCode { code: &'a str, valid: Duration },
    /// Instead of that code, when the address has no account.
    NoAccount,
    /// The password of the account is another one now.
    PasswordChanged {
        at_unix_ms: i64,
        from: Option<IpAddr>,
    },
    /// The operator takes a device out of the account, or has done so.
    Unbinding(Unbinding<'a>),
}

/// A device that the operator takes out of its account.
pub(crate) struct Unbinding<'a> {
    pub(crate) device_name: &'a str,
    pub(crate) device_id: &'a str,
    /// The operator's words.
    pub(crate) reason: &'a str,
    pub(crate) due_at_unix_ms: i64,
    /// It has happened.
    pub(crate) done: bool,
}

impl Content<'_> {
    pub(super) fn in_language(&self, language: Language) -> Letter {
        let (language, (subject, blocks)) = match language {
            Language::English => ("en", self.english()),
            Language::Russian => ("ru", self.russian()),
        };
        Letter {
            language,
            subject,
            blocks,
        }
    }

    fn english(&self) -> (&'static str, Vec<Block>) {
        match self {
            Self::RegistrationCode { code, valid } => (
                "Your Sightline registration code",
                vec![
                    say("Your code for a new account:"),
                    Block::Code((*code).to_owned()),
                    say(format!(
                        "It is valid for {} minutes and can be used once. If you did not ask for \
                         it, ignore this e-mail.",
                        minutes(*valid)
                    )),
                ],
            ),
            Self::AlreadyRegistered => (
                "You already have a Sightline account",
                vec![say(
                    "Somebody, perhaps you, asked for a registration code for this address. It \
                     has an account already: sign in with its password, or ask for a new one by \
                     \"Forgot password\". If it was not you, ignore this e-mail.",
                )],
            ),
            Self::ResetCode { code, valid } => (
                "Your Sightline code for a new password",
                vec![
                    say("Your code for a new password:"),
                    Block::Code((*code).to_owned()),
                    say(format!(
                        "It is valid for {} minutes and can be used once. Tell it to nobody. If \
                         you did not ask for it, ignore this e-mail: your password stays as it is.",
                        minutes(*valid)
                    )),
                ],
            ),
            Self::NoAccount => (
                "There is no Sightline account with this address",
                vec![say(
                    "Somebody, perhaps you, asked for a new password for this address. There is \
                     no account with this address: you may have registered with another one. If \
                     it was not you, ignore this e-mail.",
                )],
            ),
            Self::PasswordChanged { at_unix_ms, from } => (
                "Your Sightline password was changed",
                vec![
                    say(format!(
                        "The password of your account was changed on {}{}.",
                        moment(*at_unix_ms),
                        from.map(|ip| format!(" from the address {ip}"))
                            .unwrap_or_default()
                    )),
                    say(
                        "If it was not you, set a new password by \"Forgot password\" at once: \
                         this ends all sessions of the account.",
                    ),
                ],
            ),
            Self::Unbinding(unbinding) => unbinding.english(),
        }
    }

    fn russian(&self) -> (&'static str, Vec<Block>) {
        match self {
            Self::RegistrationCode { code, valid } => (
                "Код для регистрации в Sightline",
                vec![
                    say("Код для регистрации:"),
                    Block::Code((*code).to_owned()),
                    say(format!(
                        "Он действует {} мин. и подходит один раз. Если вы не регистрировались, \
                         просто удалите это письмо.",
                        minutes(*valid)
                    )),
                ],
            ),
            Self::AlreadyRegistered => (
                "У вас уже есть учётная запись Sightline",
                vec![say(
                    "Кто-то, возможно вы, запросил код для регистрации с этим адресом. Для него \
                     уже есть учётная запись: войдите с её паролем или задайте новый через \
                     «Забыли пароль?». Если это были не вы, просто удалите это письмо.",
                )],
            ),
            Self::ResetCode { code, valid } => (
                "Код для нового пароля Sightline",
                vec![
                    say("Код для нового пароля:"),
                    Block::Code((*code).to_owned()),
                    say(format!(
                        "Он действует {} мин. и подходит один раз. Не сообщайте его никому. Если \
                         вы его не запрашивали, просто удалите это письмо: пароль не изменится.",
                        minutes(*valid)
                    )),
                ],
            ),
            Self::NoAccount => (
                "Учётной записи Sightline с этим адресом нет",
                vec![say(
                    "Кто-то, возможно вы, запросил новый пароль для этого адреса. Учётной записи \
                     с этим адресом нет: возможно, вы регистрировались с другим. Если это были не \
                     вы, просто удалите это письмо.",
                )],
            ),
            Self::PasswordChanged { at_unix_ms, from } => (
                "Пароль Sightline изменён",
                vec![
                    say(format!(
                        "Пароль вашей учётной записи изменён: {}{}.",
                        moment(*at_unix_ms),
                        from.map(|ip| format!(", с адреса {ip}"))
                            .unwrap_or_default()
                    )),
                    say(
                        "Если это были не вы, сразу задайте новый пароль через «Забыли пароль?»: \
                         это завершит все сеансы учётной записи.",
                    ),
                ],
            ),
            Self::Unbinding(unbinding) => unbinding.russian(),
        }
    }
}

impl Unbinding<'_> {
    fn english(&self) -> (&'static str, Vec<Block>) {
        let (name, id) = (self.device_name, self.device_id);
        let due = moment(self.due_at_unix_ms);
        let reason = [
            say("The reason that the operator gave:"),
            Block::Quote(self.reason.to_owned()),
        ];
        let (subject, first, last) = if self.done {
            (
                "A device was removed from your Sightline account",
                format!(
                    "The operator of the service removed a device from your account: {name} ({id})."
                ),
                "You and those with whom you shared it no longer see it. Whoever has the device \
                 can add it to an account again.",
            )
        } else {
            (
                "A device will be removed from your Sightline account",
                format!(
                    "The operator of the service will remove a device from your account on {due}: {name} ({id})."
                ),
                "If the device is yours, answer the operator before that time. Nothing changes \
                 until then.",
            )
        };
        (subject, in_order(first, reason, last))
    }

    fn russian(&self) -> (&'static str, Vec<Block>) {
        let (name, id) = (self.device_name, self.device_id);
        let due = moment(self.due_at_unix_ms);
        let reason = [
            say("Причина, которую указал оператор:"),
            Block::Quote(self.reason.to_owned()),
        ];
        let (subject, first, last) = if self.done {
            (
                "Устройство удалено из вашей учётной записи Sightline",
                format!(
                    "Оператор сервиса удалил устройство из вашей учётной записи: {name} ({id})."
                ),
                "Вы и те, кому вы открыли доступ, больше его не видите. Тот, у кого находится \
                 устройство, может добавить его в учётную запись снова.",
            )
        } else {
            (
                "Устройство будет удалено из вашей учётной записи Sightline",
                format!(
                    "Оператор сервиса удалит устройство из вашей учётной записи {due}: {name} ({id})."
                ),
                "Если устройство ваше, ответьте оператору до этого времени. До тех пор ничего не \
                 изменится.",
            )
        };
        (subject, in_order(first, reason, last))
    }
}

fn say(text: impl Into<String>) -> Block {
    Block::Text(text.into())
}

fn in_order(first: String, reason: [Block; 2], last: &str) -> Vec<Block> {
    let mut blocks = vec![say(first)];
    blocks.extend(reason);
    blocks.push(say(last));
    blocks
}

fn minutes(duration: Duration) -> u64 {
    duration.as_secs() / 60
}

/// A time that reads the same in both languages. In UTC: the reader's zone is not known.
fn moment(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .unwrap_or_default()
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mail;

    fn mail(language: Language, content: &Content<'_>) -> Mail {
        Mail::new("ann@example.org".parse().unwrap(), language, content)
    }

    #[test]
    fn both_parts_of_a_mail_hold_the_same_code() {
        let valid = Duration::from_secs(30 * 60);
        let code = "01234567";
        for content in [
            Content::RegistrationCode { code, valid },
            Content::ResetCode { code, valid },
        ] {
            for (language, minutes) in [
                (Language::English, "30 minutes"),
                (Language::Russian, "30 мин."),
            ] {
                let mail = mail(language, &content);
                for part in [&mail.text, &mail.html] {
                    assert_eq!(part.matches(code).count(), 1, "{part}");
                    assert!(part.contains(minutes), "{part}");
                }
                assert!(!mail.subject.contains(code), "lock screens show subjects");
            }
        }
    }

    #[test]
    fn a_notice_of_a_new_password_says_when_and_from_where() {
        let content = Content::PasswordChanged {
            at_unix_ms: 1_800_000_000_000,
            from: Some("192.0.2.1".parse().unwrap()),
        };
        for language in [Language::English, Language::Russian] {
            let text = mail(language, &content).text;
            assert!(
                text.contains("2027-01-15 08:00 UTC") && text.contains("192.0.2.1"),
                "{text}"
            );
        }
    }

    #[test]
    fn names_of_devices_stay_out_of_the_subject_and_are_escaped() {
        let unbinding = |done| {
            Content::Unbinding(Unbinding {
                device_name: "Gate\r\nBcc: eve@example.org <b>",
                device_id: "AAAA-BBBB",
                reason: "sold & gone",
                due_at_unix_ms: 1_800_000_000_000,
                done,
            })
        };
        for language in [Language::English, Language::Russian] {
            let (before, after) = (
                mail(language, &unbinding(false)),
                mail(language, &unbinding(true)),
            );
            assert_ne!(before.subject, after.subject);
            assert!(before.text.contains("2027-01-15 08:00 UTC"));
            for mail in [before, after] {
                assert!(!mail.subject.contains("Gate") && !mail.subject.contains('\n'));
                assert!(mail.html.contains("&lt;b&gt;") && mail.html.contains("sold &amp; gone"));
                assert!(!mail.text.contains("\nBcc") && !mail.html.contains("\nBcc"));
            }
        }
    }
}
