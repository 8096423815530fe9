// Package idp gets OIDC ID tokens of Ona (formerly Gitpod) identities: in an Ona environment, in a pipeline, on a laptop.
package idp
