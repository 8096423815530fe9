// Package oidccheck finds the reasons why AWS STS would refuse an OIDC issuer and its ID tokens:
//
//	findings, err := oidccheck.Check(ctx, "https://issuer.example", token.Raw(), nil)
//	if err != nil {
//		return err
//	}
//	for _, f := range findings {
//		fmt.Println(f) // error issuer-port: The issuer URL has a port. Fix: Serve it on port 443 ...
//	}
//
// STS gives few details when it refuses a token, and does not write them to CloudTrail.
//
// The rules are those that AWS documents. Check does not know whether the IAM identity provider
// exists, or whether a trust policy allows the token; package trust evaluates policies.
package oidccheck
