//! Placeholder.
#![allow(missing_docs)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tenant {
    Contoso,
    Fabrikam,
}
impl Tenant {
    pub const ALL: [Tenant; 2] = [Tenant::Contoso, Tenant::Fabrikam];
    pub fn name(self) -> &'static str {
        match self {
            Tenant::Contoso => "contoso",
            Tenant::Fabrikam => "fabrikam",
        }
    }
    pub fn tenant_id(self) -> &'static str {
        "t"
    }
    pub fn subscription_id(self) -> &'static str {
        "s"
    }
    pub fn management_group(self) -> &'static str {
        "m"
    }
}
pub struct Principal {
    pub client_id: String,
    pub client_secret: String,
}
impl Principal {
    pub fn object_id(&self, _: Tenant) -> Option<&str> {
        Some("o")
    }
}
pub struct World {
    pub origin: String,
    p: Principal,
}
impl World {
    pub fn new(origin: impl Into<String>, _seed: u64) -> Self {
        Self { origin: origin.into(), p: Principal { client_id: "c".into(), client_secret: "x".into() } }
    }
    pub fn app_role(self, _: Tenant, _: serde_json::Value, _: String) -> Self {
        self
    }
    pub fn operator(&self, _: Tenant) -> &Principal {
        &self.p
    }
    pub fn app(&self, _: Tenant) -> &Principal {
        &self.p
    }
    pub fn traveller(&self) -> &Principal {
        &self.p
    }
}
