package subject

import (
	"iter"
	"path"
	"strings"
)

// Hosts of the table.
const (
	github    = "token.actions.githubusercontent.com"
	oldGitHub = "vstoken.actions.githubusercontent.com"
	gitlab    = "gitlab.com"
	buildkite = "agent.buildkite.com"
	pulumi    = "api.pulumi.com/oidc"
	vercel    = "oidc.vercel.com"
	google    = "accounts.google.com"
)

// Others returns the grammars of issuers other than Ona that serve many tenants, with the public
// page that documents each. A claim without a grammar does not name the tenant. Either other
// tenants can have the same value, as in the ref, the environment and the workflow of GitHub, or
// the claim names a person, and a person can act for several tenants.
func Others() []Grammar {
	g, a := gitHosts(), platforms()
	return append(g[:], a[:]...)
}

// gitHosts returns the grammars of hosts of Git repositories.
func gitHosts() [20]Grammar {
	return [...]Grammar{
		// GitHub Docs, "OpenID Connect reference". Immutable subjects have the form
		// repo:owner@id/name@id:... A repository can choose the claims of its subject and their
		// order; a colon in a value is then written %3A. So each pair can be anywhere, and a
		// subject need not name the owner.
		{Host: github, Claim: "sub", Start: "repo:", Form: Text, Separator: '/'},
		{Host: github, Claim: "sub", Start: "repository:", Form: Text, Separator: '/'},
		{Host: github, Claim: "sub", Start: "repository_owner:", Form: Text, Separator: ':'},
		{Host: github, Claim: "sub", Start: "repository_owner_id:", Form: Text, Separator: ':'},
		{Host: github, Claim: "sub", Start: "repository_id:", Form: Text, Separator: ':'},
		{Host: github, Claim: "sub", Start: "enterprise:", Form: Text, Separator: ':'},
		{Host: github, Claim: "sub", Start: "enterprise_id:", Form: Text, Separator: ':'},
		// A public reusable workflow can be called by every repository. Its jobs then run the steps
		// that the owner of the workflow wrote, and AWS accepts the claim in place of sub.
		{Host: github, Claim: "sub", Start: "job_workflow_ref:", Form: Text, Separator: '/'},
		{Host: github, Claim: "sub", Form: Custom},
		{Host: github, Claim: "repository", Form: Text, Separator: '/'},
		{Host: github, Claim: "job_workflow_ref", Form: Text, Separator: '/'},
		{Host: github, Claim: "repository_id", Form: Opaque},
		{Host: github, Claim: "repository_owner_id", Form: Opaque},
		{Host: github, Claim: "enterprise_id", Form: Opaque},
		{Host: oldGitHub, Claim: "sub", Start: "repo:", Form: Text, Separator: '/'},
		// GitHub Docs, "Streaming the audit log for your enterprise".
		{Host: "oidc-configuration.audit-log.githubusercontent.com", Claim: "sub", Start: "https://github.com/", Form: Text},

		// GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens". The subject of a
		// project can have other components, and always begins with project_path. Tokens of
		// signed-in users have the number of the user as subject.
		{Host: gitlab, Claim: "sub", Start: "project_path:", Form: Text, Separator: '/'},
		{Host: gitlab, Claim: "sub", Form: Opaque},
		{Host: gitlab, Claim: "namespace_id", Form: Opaque},
		{Host: gitlab, Claim: "project_id", Form: Opaque},
	}
}

// platforms returns the grammars of other shared issuers.
func platforms() [26]Grammar {
	return [...]Grammar{
		// Buildkite Docs, "buildkite-agent oidc". With --subject-claim the subject is one UUID.
		{Host: buildkite, Claim: "sub", Start: "organization:", Form: Text, Separator: ':'},
		{Host: buildkite, Claim: "sub", Form: Opaque},
		{Host: buildkite, Claim: "organization_slug", Form: Opaque},
		{Host: buildkite, Claim: "organization_id", Form: Opaque},
		{Host: buildkite, Claim: "pipeline_id", Form: Opaque},
		{Host: buildkite, Claim: "cluster_id", Form: Opaque},

		// HCP Terraform Docs, "Workload identity": organization:O:project:P:workspace:W:run_phase:R,
		// and for stacks organization:O:project:P:stack:S:...
		{Host: "app.terraform.io", Claim: "sub", Start: "organization:", Form: Text, Separator: ':'},

		// Vercel Docs, "OIDC Federation Reference": owner:TEAM:project:P:environment:E, and the
		// audience https://vercel.com/TEAM.
		{Host: vercel, Claim: "sub", Start: "owner:", Form: Text, Separator: ':'},
		{Host: vercel, Claim: "aud", Start: "https://vercel.com/", Form: Text},

		// Pulumi Docs, "OpenID Connect Provider integration" and "Configuring OpenID Connect for
		// Pulumi ESC". The audience is the organization, with or without the prefix aws:.
		{Host: pulumi, Claim: "sub", Start: "pulumi:deploy:org:", Form: Text, Separator: ':'},
		{Host: pulumi, Claim: "sub", Start: "pulumi:environments:org:", Form: Text, Separator: ':'},
		{Host: pulumi, Claim: "sub", Start: "pulumi:environments:pulumi.organization.login:", Form: Text, Separator: ':'},
		{Host: pulumi, Claim: "aud", Form: Opaque},

		// Google Identity, "OpenID Connect": sub is the number of an account. The audience is the
		// client that the account signed in to, or the number of a service account.
		{Host: google, Claim: "sub", Form: Opaque},
		{Host: google, Claim: "aud", Form: Opaque},
		{Host: google, Claim: "google/organization_number", Form: Opaque},

		// IAM User Guide, "IAM and AWS STS condition context keys": identity and pool of Cognito,
		// user and app of Amazon and Facebook.
		{Host: "cognito-identity.amazonaws.com", Claim: "sub", Form: Opaque},
		{Host: "cognito-identity.amazonaws.com", Claim: "aud", Form: Opaque},
		{Host: "www.amazon.com", Claim: "sub", Form: Opaque},
		{Host: "www.amazon.com", Claim: "user_id", Form: Opaque},
		{Host: "www.amazon.com", Claim: "app_id", Form: Opaque},
		{Host: "graph.facebook.com", Claim: "id", Form: Opaque},
		{Host: "graph.facebook.com", Claim: "app_id", Form: Opaque},

		// Codefresh Docs, "OIDC in pipelines": account:ID:pipeline:ID:...
		{Host: "oidc.codefresh.io", Claim: "sub", Start: "account:", Form: Text, Separator: ':'},
		// As in public Terraform modules for Scalr: account:NAME:environment:E:workspace:W.
		{Host: "scalr.io", Claim: "sub", Start: "account:", Form: Text, Separator: ':'},
		// Upbound Docs on provider authentication: mcp:ORG/CONTROLPLANE:provider:NAME.
		{Host: "proidc.upbound.io", Claim: "sub", Start: "mcp:", Form: Text, Separator: '/'},
	}
}

// Own returns the issuers that serve one tenant each, with the public page that documents the URL
// or the subject. An asterisk in a host matches one part of it. The tenant is a part of the host,
// so every subject belongs to it. Grammars of the subject name a group within the tenant.
func Own() [24]Grammar {
	const serviceAccount = "system:serviceaccount:" // Kubernetes Docs, "Service Accounts": system:serviceaccount:NAMESPACE:NAME
	return [...]Grammar{
		// Amazon EKS User Guide, "Assign IAM roles to Kubernetes service accounts".
		{Host: "oidc.eks.*.amazonaws.com/id/*", Claim: "sub", Start: serviceAccount, Form: Text, Separator: ':'},
		{Host: "oidc.eks.*.amazonaws.com.cn/id/*", Claim: "sub", Start: serviceAccount, Form: Text, Separator: ':'},
		{Host: "oidc-eks.*.api.aws/id/*", Claim: "sub", Start: serviceAccount, Form: Text, Separator: ':'},
		// The clusters of GKE and AKS.
		{Host: "container.googleapis.com/v1/projects/*/locations/*/clusters/*", Claim: "sub", Start: serviceAccount, Form: Text, Separator: ':'},
		{Host: "*.oic.prod-aks.azure.com/*/*", Claim: "sub", Start: serviceAccount, Form: Text, Separator: ':'},
		// CircleCI Docs, "Using OpenID Connect tokens in jobs": org/ID/project/ID/user/ID...
		{Host: "oidc.circleci.com/org/*", Claim: "sub", Start: "org/", Form: ID, Separator: '/'},
		// Bitbucket Cloud Support, "Integrate Pipelines with resource servers using OIDC":
		// {REPOSITORY}:{STEP}, or {REPOSITORY}:{ENVIRONMENT}:{STEP}.
		{Host: "api.bitbucket.org/2.0/workspaces/*/pipelines-config/identity/oidc", Claim: "sub", Start: "{", Form: Text, Separator: ':'},
		{Host: "oidc.vercel.com/*"},                     // Vercel Docs, "OIDC Federation Reference", team mode
		{Host: "token.actions.githubusercontent.com/*"}, // GitHub Docs, "OpenID Connect reference", of an enterprise
		{Host: "*.auth0.com"},                           // Auth0, ID tokens of a tenant
		{Host: "*.okta.com"},                            // Okta Developer, "Authorization servers"
		{Host: "*.okta.com/oauth2/*"},                   // the same
		{Host: "sts.windows.net/*"},                     // Microsoft Entra, "Access token claims reference"
		{Host: "login.microsoftonline.com/*/v2.0"},      // the same
		{Host: "login.microsoftonline.us/*/v2.0"},       // the same
		{Host: "vstoken.dev.azure.com/*"},               // Azure DevOps, service connections
		{Host: "cognito-idp.*.amazonaws.com/*"},         // Amazon Cognito, user pools
		{Host: "securetoken.google.com/*"},              // Firebase, "Verify ID Tokens"
		{Host: "*.tokens.sts.global.api.aws"},           // IAM, outbound identity federation of an account
		{Host: "oidc.fly.io/*"},                         // Fly.io, an organization
		{Host: "*.app.spacelift.io"},                    // Spacelift, an account
		{Host: "*.app.us.spacelift.io"},                 // the same
		{Host: "*.semaphoreci.com"},                     // Semaphore, an organization
		{Host: "app.harness.io/ng/api/oidc/account/*"},  // Harness, an account
	}
}

// IsOwn reports whether the host is the issuer of one tenant only.
func IsOwn(host string) bool {
	// Microsoft Sentinel uses one Entra tenant for all of its customers (IAM User Guide, "Identity
	// provider controls for shared OIDC providers").
	if strings.HasPrefix(strings.ToLower(host), "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d") {
		return false
	}
	for _, g := range Own() {
		if g.isFor(host) {
			return true
		}
	}
	return false
}

// Describes reports whether the package knows how the claim names the tenant.
func Describes(host, claim string) bool {
	for g := range grammars(host) {
		if g.Claim == claim {
			return true
		}
	}
	return false
}

// grammars returns the grammars of an issuer.
func grammars(host string) iter.Seq[Grammar] {
	return func(yield func(Grammar) bool) {
		ona, git, others, own := ona(), gitHosts(), platforms(), Own()
		found := false
		for _, list := range [...][]Grammar{ona[:], git[:], others[:], own[:]} {
			for _, g := range list {
				if !g.isFor(host) {
					continue
				}
				found = true
				if !yield(g) {
					return
				}
			}
			if found {
				return
			}
		}
	}
}

// isFor reports whether the grammar belongs to the host.
func (g Grammar) isFor(host string) bool {
	if !strings.Contains(g.Host, "*") {
		return strings.EqualFold(g.Host, host)
	}
	ok, err := path.Match(g.Host, strings.ToLower(strings.TrimSuffix(host, "/")))
	return ok && err == nil
}
