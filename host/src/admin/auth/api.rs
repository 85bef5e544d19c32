//! Routes about logging in and out.

use super::Origin;
use super::captcha::{CAPTCHA_SECONDS, CaptchaError, Shown};
use super::login_error::LoginError;
use super::policy::PolicyError;
use super::renewal::{Grant, RefreshError};
use super::service::{AuthService, Credentials, Login, Renewal};
use crate::admin::menu::MenuService;
use crate::admin::user::api::UserView;
use crate::admin::{AdminSettings, Clock};
use crate::http::auth::USER_DISABLED;
use crate::http::{Answer, ApiError, Caller, ClientLimit, Done, JsonBody, Message, RefreshCookie, TrustedProxies};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Request;
use poem::http::header;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::time::Duration;

/// Of a wrong captcha: clients show another one.
const WRONG_CAPTCHA: i32 = 40001;

/// `/auth`
pub struct AuthApi {
    sessions: AuthService,
    menus: MenuService,
    clock: Clock,
    proxies: TrustedProxies,
    cookie: RefreshCookie,
    captchas_of_client: ClientLimit,
    logins_of_client: ClientLimit,
}

/// Who wants to log in.
#[derive(Debug, Object)]
pub struct LoginInput {
    /// The login name.
    #[oai(validator(max_length = 64))]
    pub username: String,
    /// The password.
    #[oai(validator(max_length = 256))]
    pub password: String,
    /// Of the captcha, where one is asked for.
    #[oai(validator(max_length = 64))]
    pub uuid: Option<String>,
    /// What the captcha shows, where one is asked for.
    #[oai(validator(max_length = 64))]
    pub captcha: Option<String>,
}

/// A session that has just begun.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Login")]
pub struct LoginView {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub access_token_expire_time: String,
    /// The session.
    pub session_uuid: String,
    /// Days until the password has to be changed; null while there are many.
    pub password_expire_days_remaining: Option<i32>,
    /// The user.
    pub user: UserView,
}

/// A session that has been renewed.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct Refreshed {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub access_token_expire_time: String,
    /// The session that has taken the other's place.
    pub session_uuid: String,
}

/// A token for the interactive pages of the API.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct SwaggerLogin {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// The user.
    pub user: UserView,
}

/// What the login page asks before it shows itself.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct Captcha {
    /// Whether a login needs the answer.
    pub is_enabled: bool,
    /// How long it is good.
    pub expire_seconds: u32,
    /// Its id.
    pub uuid: String,
    /// A picture, PNG in base64.
    pub image: String,
}

impl AuthApi {
    /// The routes over `sessions`.
    pub fn new(sessions: AuthService, menus: MenuService, clock: Clock, settings: &AdminSettings) -> Self {
        Self {
            sessions,
            menus,
            clock,
            proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
            cookie: RefreshCookie::new(settings.cookie_name.clone(), settings.lives.refresh_seconds),
            captchas_of_client: ClientLimit::new(settings.captchas_per_half_minute, Duration::from_secs(30))
                .shared("captcha", &settings.cluster),
            logins_of_client: ClientLimit::new(settings.logins_per_minute, Duration::from_secs(60))
                .shared("login", &settings.cluster),
        }
    }

    async fn begin(&self, request: &Request, input: LoginInput, renewal: Renewal) -> Result<Login, ApiError> {
        let ip = self.proxies.client(request);
        self.logins_of_client.admit(ip).await?;
        let origin = Origin::new(ip, request.header(header::USER_AGENT));
        let LoginInput { username, password, uuid, captcha } = input;
        let credentials = Credentials { username, password, captcha_uuid: uuid, captcha };
        Ok(self.sessions.login(&credentials, &origin, renewal).await?)
    }

    fn with_cookie<T>(&self, answer: Answer<T>, request: &Request, token: Option<&str>) -> Answer<T> {
        let transport = self.proxies.transport(request);
        let cookie = match token {
            Some(token) => self.cookie.set(token, transport),
            None => self.cookie.delete(transport),
        };
        answer.with_header(header::SET_COOKIE, cookie)
    }
}

/// Logging in and out
#[OpenApi]
impl AuthApi {
    /// A captcha for the login page
    ///
    /// It can be answered once. Five in 30 seconds for each client, then 429.
    #[oai(path = "/auth/captcha", method = "get", operation_id = "get_captcha")]
    async fn captcha(&self, request: &Request) -> Result<Answer<Captcha>, ApiError> {
        self.captchas_of_client.admit(self.proxies.client(request)).await?;
        let Shown { uuid, picture } = self.sessions.captchas().show().await;
        Ok(Answer::of(Captcha {
            is_enabled: self.sessions.needs_captcha().await,
            expire_seconds: CAPTCHA_SECONDS,
            uuid: uuid.to_string(),
            image: STANDARD.encode(picture),
        }))
    }

    /// Log in
    ///
    /// The refresh token comes as a cookie. An unknown user and a wrong password are both 403, with
    /// the same text: nobody learns which names exist. Five failures for one name within five
    /// minutes lock it for five minutes, also 403. Five logins in 60 seconds for each client, then 429.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(&self, request: &Request, input: JsonBody<LoginInput>) -> Result<Answer<LoginView>, ApiError> {
        let Login { grant, password_days, user } = self.begin(request, input.0, Renewal::ByToken).await?;
        let token = grant.refresh_token;
        let view = LoginView {
            access_token: grant.access_token,
            access_token_expire_time: self.clock.format(grant.expire_time),
            session_uuid: grant.session.to_string(),
            password_expire_days_remaining: password_days,
            user: UserView::of(user, &self.clock),
        };
        Ok(self.with_cookie(Answer::of(view), request, token.as_deref()))
    }

    /// Log in from the interactive pages of the API
    ///
    /// The answer has no envelope and there is no refresh token. The rules and the limit are those
    /// of the other login, with which it is counted together.
    #[oai(path = "/auth/login/swagger", method = "post", operation_id = "login_swagger")]
    async fn login_swagger(
        &self,
        request: &Request,
        /// The login name
        #[oai(validator(max_length = 64))]
        username: Query<String>,
        /// The password
        #[oai(validator(max_length = 256))]
        password: Query<String>,
        /// Of the captcha, where one is asked for
        #[oai(validator(max_length = 64))]
        uuid: Query<Option<String>>,
        /// What the captcha shows, where one is asked for
        #[oai(validator(max_length = 64))]
        captcha: Query<Option<String>>,
    ) -> Result<Json<SwaggerLogin>, ApiError> {
        let input = LoginInput { username: username.0, password: password.0, uuid: uuid.0, captcha: captcha.0 };
        let Login { grant, user, .. } = self.begin(request, input, Renewal::Never).await?;
        Ok(Json(SwaggerLogin {
            access_token: grant.access_token,
            token_type: "Bearer".to_owned(),
            user: UserView::of(user, &self.clock),
        }))
    }

    /// Renew a session by its cookie
    ///
    /// Access token, refresh token and session are replaced. A refresh token that is used a second
    /// time ends everything that came of its login.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(&self, request: &Request) -> Result<Answer<Refreshed>, ApiError> {
        let token = self.cookie.read(request.headers()).ok_or_else(no_refresh_token)?;
        let Grant { access_token, expire_time, session, refresh_token } = self.sessions.refresh(token).await?;
        let view = Refreshed {
            access_token,
            access_token_expire_time: self.clock.format(expire_time),
            session_uuid: session.to_string(),
        };
        Ok(self.with_cookie(Answer::of(view), request, refresh_token.as_deref()))
    }

    /// Log out
    ///
    /// Ends the session of the access token and that of the cookie, as far as they are good, and
    /// takes the cookie away.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, request: &Request) -> Result<Done, ApiError> {
        let token = self.cookie.read(request.headers());
        self.sessions.logout(request.headers(), token).await.map_err(ApiError::internal)?;
        Ok(self.with_cookie(Done::done(), request, None))
    }

    /// The permission codes of the user who asks
    #[oai(path = "/auth/codes", method = "get", operation_id = "get_codes")]
    async fn codes(&self, caller: Caller) -> Result<Answer<Vec<String>>, ApiError> {
        let codes = self.menus.codes(&caller.0).await.map_err(ApiError::internal)?;
        Ok(Answer::of(codes))
    }
}

fn no_refresh_token() -> ApiError {
    ApiError::bad_request(Message::fixed("there is no refresh token; log in again", "Refresh Token 已过期，请重新登录"))
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let (english, chinese) = error.texts();
        let message = Message::new(english, chinese);
        match error {
            LoginError::Captcha(CaptchaError::Wrong) => Self::bad_request(message).with_code(WRONG_CAPTCHA),
            LoginError::Captcha(_) => Self::bad_request(message),
            LoginError::Disabled => Self::forbidden(USER_DISABLED),
            LoginError::WrongCredentials | LoginError::Locked(_) | LoginError::PasswordExpired => {
                Self::forbidden(message)
            }
            LoginError::Storage(_) | LoginError::Password(_) | LoginError::Token(_) => Self::internal(error),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Refused(refused) => refused.into(),
            RefreshError::Elsewhere => Self::forbidden(Message::fixed(
                "the user has logged in elsewhere; log in again, and change the password if that was not you",
                "此用户已在其他地方登录，请重新登录；若非本人操作，请及时修改密码",
            )),
            RefreshError::Storage(_) | RefreshError::Token(_) => Self::internal(error),
        }
    }
}

impl From<PolicyError> for ApiError {
    fn from(error: PolicyError) -> Self {
        let message = match error {
            PolicyError::Length { min, max } => Message::new(
                format!("a password has {min} to {max} characters"),
                format!("密码长度必须为 {min} 到 {max} 个字符"),
            ),
            PolicyError::NoDigit => Message::fixed("a password needs a digit", "密码必须包含数字"),
            PolicyError::NoLetter => Message::fixed("a password needs a letter", "密码必须包含字母"),
            PolicyError::NoSpecial => Message::fixed("a password needs a special character", "密码必须包含特殊字符"),
            PolicyError::UsedBefore => {
                Message::fixed("this password was used before; choose another one", "新密码不能与最近使用过的密码相同")
            }
            PolicyError::NoSuchUser => return Self::not_found(Message::fixed("no such user", "用户不存在")),
            PolicyError::Storage(_) | PolicyError::Hash(_) => return Self::internal(error),
        };
        Self::bad_request(message)
    }
}
