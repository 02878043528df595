//! Bounds that the types alone do not check.

use super::super::{ApiError, Code, UserId, limits};

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidParameters, message)
}

pub(super) fn check_data(data: &str) -> Result<(), ApiError> {
    if data.len() > limits::DATA_MAX_BYTES {
        let message = format!("\"data\" has {} bytes; at most {} are allowed.", data.len(), limits::DATA_MAX_BYTES);
        return Err(ApiError::new(Code::DataTooLong, message));
    }
    Ok(())
}

pub(super) fn check_timeout(timeout: u32) -> Result<(), ApiError> {
    if timeout > limits::TIMEOUT_MAX_S {
        return Err(invalid(format!("\"timeout\" is {timeout} s; use 0 (none) to {} s.", limits::TIMEOUT_MAX_S)));
    }
    Ok(())
}

pub(super) fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.len() > limits::NAME_MAX_BYTES || name.chars().any(char::is_control) {
        let max = limits::NAME_MAX_BYTES;
        return Err(invalid(format!("\"{field}\" must have 1 to {max} bytes and no control characters.")));
    }
    Ok(())
}

/// A text that may be empty and may have several lines.
pub(super) fn check_text(field: &str, text: &str, max: usize) -> Result<(), ApiError> {
    if text.len() > max || text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err(invalid(format!("\"{field}\" must have at most {max} bytes and no control characters.")));
    }
    Ok(())
}

pub(super) fn check_query(query: &str) -> Result<(), ApiError> {
    if query.len() > limits::NAME_MAX_BYTES {
        return Err(invalid(format!("\"query\" has more than {} bytes.", limits::NAME_MAX_BYTES)));
    }
    Ok(())
}

pub(super) fn check_password(password: &str) -> Result<(), ApiError> {
    if password.chars().count() < limits::PASSWORD_MIN_CHARS || password.len() > limits::PASSWORD_MAX_BYTES {
        let (min, max) = (limits::PASSWORD_MIN_CHARS, limits::PASSWORD_MAX_BYTES);
        return Err(invalid(format!("The password must have at least {min} characters and at most {max} bytes.")));
    }
    Ok(())
}

pub(super) fn check_users(field: &str, users: &[UserId], max: usize) -> Result<(), ApiError> {
    if users.is_empty() {
        return Err(invalid(format!("\"{field}\" is empty; name at least one user.")));
    }
    if users.len() > max {
        let message = format!("\"{field}\" names {} users; at most {max} are allowed in one call.", users.len());
        return Err(ApiError::new(Code::TooManyAccounts, message));
    }
    let mut sorted: Vec<&UserId> = users.iter().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(invalid(format!("\"{field}\" names {} twice.", pair[0])));
    }
    Ok(())
}

pub(super) fn check_page(limit: usize) -> Result<(), ApiError> {
    check_limit(limit, limits::PAGE_MAX)
}

pub(super) fn check_groups_page(limit: usize) -> Result<(), ApiError> {
    check_limit(limit, limits::GROUPS_PAGE_MAX)
}

fn check_limit(limit: usize, max: usize) -> Result<(), ApiError> {
    if (1..=max).contains(&limit) { Ok(()) } else { Err(invalid(format!("\"limit\" must be 1 to {max}."))) }
}

pub(super) fn default_page() -> usize {
    100
}
