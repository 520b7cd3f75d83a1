//! What Resource Manager and the network provider refuse, in their words.
//!
//! Codes and sentences are those of recorded traffic or of users' quotations where there are any. Where only the rule is
//! known and not its code, the variant says so.

use http::StatusCode;
use serde_json::json;

use super::manager_refusal::ManagerRefusal;
use super::peering_refusal::PeeringRefusal;
use crate::reply::Reply;

/// What the writer of a resource needs on the network that it refers to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LinkedAccess {
    /// The type of the resource that is written.
    pub(crate) kind: &'static str,
    /// The action that is asked for on the network.
    pub(crate) action: &'static str,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArmError {
    // ---- Who asks
    #[error("Authentication failed. The 'Authorization' header is missing.")]
    NoToken,
    #[error("The access token is invalid.")]
    InvalidToken,
    #[error("The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'.")]
    ExpiredToken { expiry: String, now: String },
    #[error(
        "The access token has been obtained for wrong audience or resource '{given}'. It should exactly match with one of the allowed audiences '{wanted}/','{wanted}'."
    )]
    WrongAudience { given: String, wanted: String },
    #[error(
        "The access token is from the wrong issuer '{given}'. It must match the tenant '{wanted}' associated with this subscription. Please use the authority (URL) '{authority}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later."
    )]
    WrongTenant { given: String, wanted: String, authority: String },
    #[error(
        "Authentication failed for auxiliary token: 'The '{count}' auxiliary tokens are either not application token(s) or are from the application(s) '{others}' which are different from the application of primary identity '{primary}'.'"
    )]
    AuxiliaryOtherApplication { count: usize, others: String, primary: String },
    #[error(
        "Authentication failed for auxiliary token: the token of client '{client}' in tenant '{tenant}' expired at UTC time '{expiry}'."
    )]
    AuxiliaryExpired { client: String, tenant: String, expiry: String },
    #[error("Authentication failed for auxiliary token: {0}")]
    AuxiliaryInvalid(&'static str),

    // ---- What they may do
    #[error(
        "The client '{client}' with object id '{object}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )]
    Forbidden { client: String, object: String, action: String, scope: String },
    #[error(
        "The client has permission to perform action '{}' on scope '{scope}', however the current tenant '{tenant}' is not authorized to access linked subscription '{subscription}'.", link.action
    )]
    LinkedTenant { link: &'static LinkedAccess, scope: String, tenant: String, subscription: String },
    #[error(
        "The client '{client}' with object id '{object}' has permission to perform action '{}/write' on scope '{scope}'; however, it does not have permission to perform action(s) '{}' on the linked scope(s) '{linked}' (respectively) or the linked scope(s) are invalid.", link.kind, link.action
    )]
    LinkedAction {
        client: String,
        object: String,
        link: &'static LinkedAccess,
        scope: String,
        linked: String,
    },

    // ---- What they ask for
    #[error("The api-version query parameter (?api-version=) is required for all requests.")]
    NoApiVersion,
    #[error("The api-version '{0}' is invalid. The supported versions are those from '2018-01-01' on.")]
    BadApiVersion(String),
    #[error("The request content was invalid and could not be deserialized: '{0}'.")]
    BadContent(String),
    #[error("The request message exceeds the maximum size of 4194304 bytes.")]
    TooLarge,
    #[error("The requested resource does not support http method '{0}'.")]
    Method(String),
    #[error("The request URL is not valid: {0}.")]
    BadUrl(&'static str),
    #[error("The subscription '{0}' could not be found.")]
    NoSubscription(String),
    #[error("Resource group '{0}' could not be found.")]
    NoGroup(String),
    #[error(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )]
    NoResource { kind: String, name: String, group: String },
    #[error(
        "Failed to perform '{verb}' on resource(s) of type '{kind}', because the parent resource '{parent}' could not be found."
    )]
    NoParent { verb: &'static str, kind: String, parent: String },
    #[error("Resource {0} not found.")]
    NoChild(String),
    #[error("The resource type '{kind}' could not be found in the namespace '{namespace}'.")]
    NoType { kind: String, namespace: String },
    #[error("The role definition with ID '{0}' could not be found.")]
    NoRoleDefinition(String),
    #[error("The role assignment '{0}' is not found.")]
    NoRoleAssignment(String),
    #[error("The operation '{0}' could not be found.")]
    NoOperation(String),
    #[error("The provided location '{0}' is not available for resource group.")]
    GroupElsewhere(String),

    // ---- Role assignments
    #[error("The role assignment already exists. The ID of the conflicting role assignment is {0}.")]
    RoleAssignmentExists(String),
    #[error("Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")]
    RoleAssignmentUpdate,
    #[error(
        "Principal {principal} does not exist in the directory {tenant}. Check that you have the correct principal ID."
    )]
    NoPrincipal { principal: String, tenant: String },
    #[error("There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).")]
    RoleInUse,
    #[error(
        "A custom role cannot be created with same name. Role name '{0}' is already in use in this tenant."
    )]
    RoleNameTaken(String),
    #[error("The role '{0}' is built in and cannot be changed or deleted.")]
    BuiltInRole(String),

    // ---- Network managers
    #[error(transparent)]
    Manager(#[from] ManagerRefusal),

    // ---- Networks
    #[error(
        "Resource name {0} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
    )]
    BadName(String),
    #[error("Value for reference id is missing. Path {0}.")]
    MissingValue(&'static str),
    #[error(
        "Address prefix string '{prefix}' for resource {resource} is not correctly formatted. It should follow CIDR notation, for example 10.0.0.0/24."
    )]
    BadPrefix { prefix: String, resource: String },
    #[error(
        "The address prefix {prefix} in resource {resource} has an invalid CIDR notation. For the given prefix length, the address prefix should be {wanted}."
    )]
    BadCidr { prefix: String, resource: String, wanted: String },
    #[error(
        "Subnet '{subnet}' is not valid because its IP address range is outside the IP address range of virtual network '{network}'."
    )]
    SubnetOutside { subnet: String, network: String },
    #[error(
        "Subnet '{subnet}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{network}'."
    )]
    SubnetsOverlap { subnet: String, network: String },
    #[error(
        "Subnet {subnet} is in use by {user} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."
    )]
    SubnetInUse { subnet: String, user: String },
    /// Azure's code for this is not in any source we have; the sandbox's own.
    #[error(
        "Virtual network {network} cannot be written with a new or changed peering '{peering}' inside it. The sandbox takes peerings by their own address only."
    )]
    InlinePeering { network: String, peering: String },
    #[error(
        "Resource {referenced} referenced by resource {resource} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
    )]
    NoReferenced { referenced: String, resource: String },
    #[error("Public IP address {address} is in use by {user}.")]
    AddressInUse { address: String, user: String },
    #[error(
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {0}."
    )]
    Busy(String),
    #[error(
        "Cannot proceed with operation because resource {referenced} used by resource {resource} is not in Succeeded state. Resource is in {state} state and the last operation that updated/is updating the resource is {operation}."
    )]
    NotProvisioned { referenced: String, resource: String, state: String, operation: &'static str },

    // ---- Peerings
    #[error(transparent)]
    Peering(#[from] PeeringRefusal),
}

impl ArmError {
    /// Azure's code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "AuthenticationFailed",
            Self::InvalidToken | Self::AuxiliaryInvalid(_) => "InvalidAuthenticationToken",
            Self::ExpiredToken { .. } | Self::AuxiliaryExpired { .. } => "ExpiredAuthenticationToken",
            Self::WrongAudience { .. } => "InvalidAuthenticationTokenAudience",
            Self::WrongTenant { .. } => "InvalidAuthenticationTokenTenant",
            Self::AuxiliaryOtherApplication { .. } => "AuxiliaryTokensInvalidApplicationIdentity",
            Self::Forbidden { .. } => "AuthorizationFailed",
            Self::LinkedTenant { .. } | Self::LinkedAction { .. } => "LinkedAuthorizationFailed",
            Self::NoApiVersion => "MissingApiVersionParameter",
            Self::BadApiVersion(_) => "InvalidApiVersionParameter",
            Self::BadContent(_) => "InvalidRequestContent",
            Self::TooLarge => "RequestEntityTooLarge",
            Self::Method(_) => "MethodNotAllowed",
            Self::BadUrl(_) => "InvalidRequestUri",
            Self::NoSubscription(_) => "SubscriptionNotFound",
            Self::NoGroup(_) => "ResourceGroupNotFound",
            Self::NoResource { .. } => "ResourceNotFound",
            Self::NoParent { .. } => "ParentResourceNotFound",
            Self::NoChild(_) | Self::NoOperation(_) => "NotFound",
            Self::NoType { .. } => "InvalidResourceType",
            Self::NoRoleDefinition(_) => "RoleDefinitionDoesNotExist",
            Self::NoRoleAssignment(_) => "RoleAssignmentNotFound",
            Self::GroupElsewhere(_) => "InvalidResourceGroupLocation",
            Self::RoleAssignmentExists(_) => "RoleAssignmentExists",
            Self::RoleAssignmentUpdate => "RoleAssignmentUpdateNotPermitted",
            Self::NoPrincipal { .. } => "PrincipalNotFound",
            Self::RoleInUse => "RoleDefinitionHasAssignments",
            Self::RoleNameTaken(_) => "RoleDefinitionWithSameNameExists",
            Self::BuiltInRole(_) => "RoleDefinitionCannotBeModified",
            Self::BadName(_) => "InvalidResourceName",
            Self::MissingValue(_) => "MissingJsonReferenceId",
            Self::BadPrefix { .. } => "InvalidAddressPrefixFormat",
            Self::BadCidr { .. } => "InvalidCIDRNotation",
            Self::SubnetOutside { .. } => "NetcfgSubnetRangeOutsideVnet",
            Self::SubnetsOverlap { .. } => "NetcfgSubnetRangesOverlap",
            Self::SubnetInUse { .. } => "InUseSubnetCannotBeDeleted",
            Self::InlinePeering { .. } => "InlinePeeringsNotSupported",
            Self::NoReferenced { .. } => "InvalidResourceReference",
            Self::AddressInUse { .. } => "PublicIPAddressCannotBeDeleted",
            Self::Busy(_) => "AnotherOperationInProgress",
            Self::NotProvisioned { .. } => "ReferencedResourceNotProvisioned",
            Self::Peering(refusal) => refusal.code(),
            Self::Manager(refusal) => refusal.code(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken
            | Self::InvalidToken
            | Self::ExpiredToken { .. }
            | Self::WrongAudience { .. }
            | Self::WrongTenant { .. }
            | Self::AuxiliaryOtherApplication { .. }
            | Self::AuxiliaryExpired { .. }
            | Self::AuxiliaryInvalid(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } | Self::LinkedTenant { .. } | Self::LinkedAction { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSubscription(_)
            | Self::NoGroup(_)
            | Self::NoResource { .. }
            | Self::NoParent { .. }
            | Self::NoChild(_)
            | Self::NoType { .. }
            | Self::NoRoleDefinition(_)
            | Self::NoRoleAssignment(_)
            | Self::NoOperation(_) => StatusCode::NOT_FOUND,
            Self::GroupElsewhere(_)
            | Self::RoleAssignmentExists(_)
            | Self::RoleNameTaken(_)
            | Self::Busy(_) => StatusCode::CONFLICT,
            Self::Manager(refusal) => refusal.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the gateway answers, before any provider is asked: recorded as `x-ms-failure-cause: gateway`.
    fn at_gateway(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
            || matches!(
                self,
                Self::Forbidden { .. }
                    | Self::LinkedTenant { .. }
                    | Self::LinkedAction { .. }
                    | Self::NoApiVersion
                    | Self::NoSubscription(_)
                    | Self::NoGroup(_)
                    | Self::NoResource { .. }
                    | Self::NoParent { .. }
                    | Self::NoType { .. }
            )
    }

    /// Errors that the network provider answers carry an empty `details`, those of the gateway none, and those about network
    /// managers none either and the message first (recorded).
    pub(crate) fn into_reply(self, authority: &str) -> Reply {
        let (code, message) = (self.code(), self.to_string());
        let manager = matches!(self, Self::Manager(_));
        let mut error = json!({"code": code, "message": message});
        if manager {
            error = json!({"message": message, "code": code});
        } else if !self.at_gateway() {
            error["details"] = json!([]);
        }
        let status = self.status();
        let mut reply = Reply::json(status, json!({"error": error}));
        if self.at_gateway() {
            reply = reply.header("x-ms-failure-cause", "gateway");
        }
        if status == StatusCode::UNAUTHORIZED {
            let (error, description) = match &self {
                Self::NoToken => {
                    ("invalid_token", "The authentication failed because of missing 'Authorization' header.")
                }
                Self::AuxiliaryOtherApplication { .. } => (
                    "invalid_token",
                    "The authentication failed because some auxiliary tokens are not from the same application as primary token.",
                ),
                Self::WrongTenant { .. } => ("invalid_token", "The access token is from the wrong issuer."),
                Self::ExpiredToken { .. } | Self::AuxiliaryExpired { .. } => {
                    ("invalid_token", "The access token has expired.")
                }
                _ => ("invalid_token", "The access token is invalid."),
            };
            reply = reply.header(
                "www-authenticate",
                format!("Bearer authorization_uri=\"{authority}\", error=\"{error}\", error_description=\"{description}\""),
            );
        }
        reply
    }
}
