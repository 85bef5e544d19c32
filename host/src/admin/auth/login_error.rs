//! Why nobody was logged in, and in which words clients and the log are told.

use super::captcha::CaptchaError;
use super::password::PasswordError;
use plugin_api::db::DbError;
use std::borrow::Cow;
use std::time::Duration;

/// A text in English and Chinese.
pub type Texts = (Cow<'static, str>, Cow<'static, str>);

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The captcha comes before everything else.
    #[error(transparent)]
    Captcha(#[from] CaptchaError),
    /// No such user, or not this password. Which of them is not said, nor told by the time it took.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// Too many failures: no password is looked at.
    #[error("user name locked")]
    Locked(Duration),
    /// The password is right and the user disabled.
    #[error("user disabled")]
    Disabled,
    /// The password is right and too old.
    #[error("password expired")]
    PasswordExpired,
    /// The database.
    #[error("failed to begin a session")]
    Storage(#[from] DbError),
    /// The password could not be checked.
    #[error("failed to check a password")]
    Password(#[from] PasswordError),
    /// The token could not be signed.
    #[error("failed to sign a token")]
    Token(#[from] jsonwebtoken::errors::Error),
}

impl LoginError {
    /// What clients are told.
    pub fn texts(&self) -> Texts {
        let (english, chinese) = match self {
            Self::Captcha(CaptchaError::Missing) => ("a captcha is needed", "请输入验证码"),
            Self::Captcha(CaptchaError::Expired) => {
                ("the captcha has expired; get another one", "验证码已失效，请重新获取")
            }
            Self::Captcha(CaptchaError::Wrong) => ("wrong captcha", "验证码错误"),
            Self::WrongCredentials => ("wrong user name or password", "用户名或密码有误"),
            Self::Locked(left) => return locked(*left),
            Self::Disabled => ("the user is disabled; ask an administrator", "用户已被锁定，请联系系统管理员"),
            Self::PasswordExpired => {
                ("the password has expired; ask an administrator for a new one", "密码已过期，请联系系统管理员重置")
            }
            Self::Storage(_) | Self::Password(_) | Self::Token(_) => ("Internal Server Error", "服务器内部错误"),
        };
        (english.into(), chinese.into())
    }
}

fn locked(left: Duration) -> Texts {
    let minutes = left.as_secs().div_ceil(60).max(1);
    let plural = if minutes == 1 { "" } else { "s" };
    (
        format!("too many failed logins; try again in {minutes} minute{plural}").into(),
        format!("登录失败次数过多，请在 {minutes} 分钟后重试").into(),
    )
}
