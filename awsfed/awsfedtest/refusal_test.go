package awsfedtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// A refusedCall is a call that AWS refuses, and the error that it returns.
type refusedCall struct {
	name   string
	change func(c *call) // of a valid call
	want   refusal       // Message: a part of it
}

// A call is a call of AssumeRoleWithWebIdentity.
type call struct {
	tb   testing.TB
	sts  *awsfedtest.STS
	iss  *idptest.Issuer
	in   *sts.AssumeRoleWithWebIdentityInput
	opts []func(*sts.Options)
}

// with signs a token with other claims.
func with(pairs ...any) func(c *call) {
	return func(c *call) {
		c.in.WebIdentityToken = aws.String(c.iss.Sign(idptest.With(c.iss.Claims(audience), pairs...)))
	}
}

// withHeader signs a token with another header.
func withHeader(header string) func(c *call) {
	return func(c *call) {
		c.in.WebIdentityToken = aws.String(c.iss.SignRaw([]byte(header), mustJSON(c.tb, c.iss.Claims(audience))))
	}
}

// withFault makes the issuer misbehave.
func withFault(f idptest.Fault) func(c *call) { return func(c *call) { c.iss.Inject(f) } }

func runRefusedCalls(t *testing.T, tests []refusedCall) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, iss := setup(t)
			c := &call{tb: t, sts: s, iss: iss, in: input(iss.Sign(iss.Claims(audience)))}
			tt.change(c)
			_, err := s.AssumeRoleWithWebIdentity(t.Context(), c.in, append(c.opts, once)...)
			got := refusalOf(err)
			if got.Code != tt.want.Code || got.Status != tt.want.Status || !strings.Contains(got.Message, tt.want.Message) {
				t.Errorf("AssumeRoleWithWebIdentity: %+v, want %+v (log: %+v)", got, tt.want, lastCall(t, s))
			}
			if last := lastCall(t, s); last.Code != tt.want.Code || last.OK() {
				t.Errorf("code %q in the log, want %q", last.Code, tt.want.Code)
			}
		})
	}
}

const noKey = "Couldn't retrieve verification key from your identity provider"

func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"expired over five minutes ago", with("exp", time.Now().Add(-301*time.Second).Unix()), refusal{"ExpiredTokenException", "must be before the expiration date/time", 400}},
		{"not a token", func(c *call) { c.in.WebIdentityToken = aws.String("opaque") }, refusal{"InvalidIdentityToken", "not a valid JWT", 400}},
		{"no issuer", with("iss", nil), refusal{"InvalidIdentityToken", "Missing a required claim: iss", 400}},
		{"no audience", with("aud", nil), refusal{"InvalidIdentityToken", "Missing a required claim: aud", 400}},
		{"no subject", with("sub", nil), refusal{"InvalidIdentityToken", "Missing a required claim: sub", 400}},
		{"no issue time", with("iat", nil), refusal{"InvalidIdentityToken", "Missing a required claim: iat", 400}},
		{"no expiry", with("exp", nil), refusal{"InvalidIdentityToken", "Missing a required claim: exp", 400}},
		{"time with a fraction", with("iat", 1.5), refusal{"InvalidIdentityToken", "iat must be an integer", 400}},
		{"provider not registered", with("iss", "https://app.example"), refusal{"InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://app.example", 400}},
		{"issuer with a slash at the end", with("iss", "https://app.gitpod.io/"), refusal{"InvalidIdentityToken", "No OpenIDConnect provider found", 400}},
		{"issuer in another letter case", with("iss", "https://App.gitpod.io"), refusal{"InvalidIdentityToken", "No OpenIDConnect provider found", 400}},
		{"provider of another account", func(c *call) {
			const other = "arn:aws:iam::210987654321:role/deploy"
			if err := c.sts.PutRole(awsfedtest.Role{ARN: other, TrustPolicy: orgPolicy(c.tb, "")}); err != nil {
				c.tb.Fatal(err)
			}
			c.in.RoleArn = aws.String(other)
		}, refusal{"InvalidIdentityToken", "No OpenIDConnect provider found", 400}},
		{"wrong audience", with("aud", "sigstore"), refusal{"InvalidIdentityToken", "Incorrect token audience", 400}},
		{"azp replaces aud", with("azp", "another"), refusal{"InvalidIdentityToken", "Incorrect token audience", 400}},
		{"two audiences", with("aud", []string{audience, "x"}), refusal{"InvalidIdentityToken", "Incorrect token audience", 400}},
	})
}

func TestRefusedSignatures(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"algorithm none", withHeader(`{"alg":"none","kid":"k0"}`), refusal{"InvalidIdentityToken", "algorithm", 400}},
		{"algorithm HS256", withHeader(`{"alg":"HS256","kid":"k0"}`), refusal{"InvalidIdentityToken", "algorithm", 400}},
		{"algorithm PS256", withHeader(`{"alg":"PS256","kid":"k0"}`), refusal{"InvalidIdentityToken", "algorithm", 400}},
		{"key of another kind", withHeader(`{"alg":"ES256","kid":"k0"}`), refusal{"InvalidIdentityToken", "signature", 400}},
		{"changed after signing", func(c *call) {
			parts := strings.Split(*c.in.WebIdentityToken, ".")
			other := strings.Split(c.iss.Sign(idptest.With(c.iss.Claims(audience), "sub", "x")), ".")
			c.in.WebIdentityToken = aws.String(parts[0] + "." + other[1] + "." + parts[2])
		}, refusal{"InvalidIdentityToken", "signature", 400}},
		{"key not published", withHeader(`{"alg":"RS256","kid":"k9"}`), refusal{"InvalidIdentityToken", noKey, 400}},
	})
}

func TestRefusedIssuers(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"no discovery document", withFault(idptest.Fault{Path: idptest.DiscoveryPath, Status: http.StatusNotFound}), refusal{"InvalidIdentityToken", noKey, 400}},
		{"discovery without a required member", func(c *call) {
			body := `{"issuer":"` + c.iss.URL + `","jwks_uri":"` + c.iss.URL + idptest.JWKSPath + `","response_types_supported":["id_token"],"subject_types_supported":["public"],"claims_supported":["sub"]}`
			c.iss.Inject(idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(body)})
		}, refusal{"InvalidIdentityToken", noKey, 400}},
		{"malformed key set", withFault(idptest.Fault{Path: idptest.JWKSPath, Body: []byte("{")}), refusal{"InvalidIdentityToken", noKey, 400}},
		{"key set too large", withFault(idptest.Fault{Path: idptest.JWKSPath, Body: make([]byte, 4<<20)}), refusal{"InvalidIdentityToken", noKey, 400}},
		{"issuer unreachable", withFault(idptest.Fault{Err: http.ErrHandlerTimeout}), refusal{"IDPCommunicationError", "identity provider", 400}},
		{"keys unreachable", withFault(idptest.Fault{Path: idptest.JWKSPath, Err: http.ErrHandlerTimeout}), refusal{"IDPCommunicationError", "identity provider", 400}},
	})
}

func TestRefusedByTheRole(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"trust policy refuses", with("sub", "org:0191e223-1c3c-7607-badf-000000000000/prj:"+idptest.ProjectID), refusal{"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403}},
		{"no such role", func(c *call) { c.in.RoleArn = aws.String("arn:aws:iam::123456789012:role/none") }, refusal{"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403}},
		{"role deleted", func(c *call) { c.sts.DeleteRole(roleARN) }, refusal{"AccessDenied", "Not authorized", 403}},
		{"tags without sts:TagSession", with("https://aws.amazon.com/tags", map[string]any{"principal_tags": map[string]any{"Team": []string{"web"}}}), refusal{"AccessDenied", "Not authorized", 403}},
		{"flat tags without sts:TagSession", with("https://aws.amazon.com/tags/principal_tags/Team", "web"), refusal{"AccessDenied", "Not authorized", 403}},
		{"source identity without sts:SetSourceIdentity", with("https://aws.amazon.com/source_identity", "alice"), refusal{"AccessDenied", "Not authorized", 403}},
		{"roles without this one", with("https://aws.amazon.com/roles", []string{"arn:aws:iam::123456789012:role/other"}), refusal{"InvalidIdentityToken", "not authorized by the identity provider", 400}},
	})
}

func TestRefusedSessionClaims(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"tag with two values", with("https://aws.amazon.com/tags", map[string]any{"principal_tags": map[string]any{"Team": []string{"a", "b"}}}), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"reserved tag key", with("https://aws.amazon.com/tags/principal_tags/AWS:team", "web"), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"tag keys that differ in letter case", with("https://aws.amazon.com/tags", map[string]any{"principal_tags": map[string]any{"team": "a", "Team": "b"}}), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"tag key of 129 characters", with("https://aws.amazon.com/tags/principal_tags/"+strings.Repeat("ü", 129), "web"), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"tag value of 257 characters", with("https://aws.amazon.com/tags/principal_tags/Team", strings.Repeat("ü", 257)), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"tags are not an object", with("https://aws.amazon.com/tags", "Team=web"), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"51 tags", func(c *call) {
			tags := map[string]any{}
			for i := range 51 {
				tags[strings.Repeat("k", i+1)] = "v"
			}
			with("https://aws.amazon.com/tags", map[string]any{"principal_tags": tags})(c)
		}, refusal{"InvalidIdentityToken", "session tags", 400}},
		{"character in a tag", with("https://aws.amazon.com/tags/principal_tags/Team", "a;b"), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"transitive key without tag", with("https://aws.amazon.com/tags/transitive_tag_keys", []string{"Team"}), refusal{"InvalidIdentityToken", "session tags", 400}},
		{"invalid source identity", with("https://aws.amazon.com/source_identity", "a b"), refusal{"InvalidIdentityToken", "source identity", 400}},
		{"tags too large for a session token", func(c *call) {
			if err := c.sts.PutRole(awsfedtest.Role{ARN: roleARN, TrustPolicy: orgPolicy(c.tb, `, "sts:TagSession"`)}); err != nil {
				c.tb.Fatal(err)
			}
			tags := map[string]any{}
			for i := range 50 {
				tags[strings.Repeat("k", i+1)] = []string{noise(i)[:200]}
			}
			with("https://aws.amazon.com/tags", map[string]any{"principal_tags": tags})(c)
		}, refusal{"PackedPolicyTooLarge", "maximum size", 400}},
	})
}

// noise returns 256 characters that do not compress well, as the value of a tag.
func noise(seed int) string {
	var text []byte
	for i := range 8 {
		sum := sha256.Sum256([]byte{byte(seed), byte(i)})
		text = append(text, hex.EncodeToString(sum[:])[:32]...)
	}
	return string(text)
}

func TestRefusedParameters(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"duration below 900 s", func(c *call) { c.in.DurationSeconds = aws.Int32(899) }, refusal{"ValidationError", "'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", 400}},
		{"duration above 12 h", func(c *call) { c.in.DurationSeconds = aws.Int32(43201) }, refusal{"ValidationError", "less than or equal to 43200", 400}},
		{"duration above the maximum of the role", func(c *call) { c.in.DurationSeconds = aws.Int32(3601) }, refusal{"ValidationError", "exceeds the MaxSessionDuration set for this role", 400}},
		{"duration is not a number", func(c *call) {
			// The SDK sends only numbers, so the test changes the request.
			c.in.DurationSeconds = aws.Int32(3600)
			c.opts = append(c.opts, func(o *sts.Options) {
				o.HTTPClient = changer{c.sts.HTTPClient(), func(r *http.Request) {
					b, _ := io.ReadAll(r.Body)
					body := strings.Replace(string(b), "DurationSeconds=3600", "DurationSeconds=1h", 1)
					r.Body, r.ContentLength = nopBody(body), int64(len(body))
				}}
			})
		}, refusal{"ValidationError", "be an integer", 400}},
		{"session name too short", func(c *call) { c.in.RoleSessionName = aws.String("a") }, refusal{"ValidationError", "'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2", 400}},
		{"session name too long", func(c *call) { c.in.RoleSessionName = aws.String(strings.Repeat("a", 65)) }, refusal{"ValidationError", "less than or equal to 64", 400}},
		{"session name with a colon", func(c *call) { c.in.RoleSessionName = aws.String("env:1") }, refusal{"ValidationError", `regular expression pattern: [\w+=,.@-]*`, 400}},
		{"role ARN too short", func(c *call) { c.in.RoleArn = aws.String("arn:aws:iam") }, refusal{"ValidationError", "greater than or equal to 20", 400}},
		{"ARN of a user", func(c *call) { c.in.RoleArn = aws.String("arn:aws:iam::123456789012:user/alice") }, refusal{"ValidationError", "Request ARN is invalid", 400}},
		{"token too long", func(c *call) { c.in.WebIdentityToken = aws.String(strings.Repeat("a", 20001)) }, refusal{"ValidationError", "'webIdentityToken' failed to satisfy constraint", 400}},
		{"provider id", func(c *call) { c.in.ProviderId = aws.String("www.amazon.com") }, refusal{"ValidationError", "ProviderId", 400}},
	})
}

func TestRefusedSessionPolicies(t *testing.T) {
	t.Parallel()
	runRefusedCalls(t, []refusedCall{
		{"session policy not JSON", func(c *call) { c.in.Policy = aws.String("{") }, refusal{"MalformedPolicyDocument", "Json", 400}},
		{"session policy without statement", func(c *call) { c.in.Policy = aws.String("{}") }, refusal{"MalformedPolicyDocument", "Syntax errors", 400}},
		{"session policy with an invalid character", func(c *call) { c.in.Policy = aws.String(`{"Statement":[{"Sid":"…"}]}`) }, refusal{"MalformedPolicyDocument", "", 400}},
		{"session policy too long", func(c *call) { c.in.Policy = aws.String(strings.Repeat(" ", 2049)) }, refusal{"ValidationError", "less than or equal to 2048", 400}},
		{"eleven session policies", func(c *call) {
			for range 11 {
				c.in.PolicyArns = append(c.in.PolicyArns, types.PolicyDescriptorType{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
			}
		}, refusal{"ValidationError", "less than or equal to 10", 400}},
		{"ARN of a session policy is that of a role", func(c *call) {
			c.in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String(roleARN)}}
		}, refusal{"ValidationError", "is not valid", 400}},
		{"managed policy of another account", func(c *call) {
			c.in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::210987654321:policy/a")}}
		}, refusal{"ValidationError", "is not valid", 400}},
		{"managed policy of another partition", func(c *call) {
			c.in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws-cn:iam::aws:policy/ReadOnlyAccess")}}
		}, refusal{"ValidationError", "is not valid", 400}},
		{"session policies too long together", func(c *call) {
			c.in.Policy = aws.String(`{"Statement":[]}` + strings.Repeat(" ", 2000))
			c.in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}
		}, refusal{"PackedPolicyTooLarge", "", 400}},
		{"minimum token size too large", func(c *call) { c.in.MinimumSessionTokenSize = aws.Int32(4097) }, refusal{"ValidationError", "less than or equal to 4096", 400}},
	})
}

// One error names all invalid parameters.
func TestValidationErrorsAreCollected(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	in := input(iss.Sign(iss.Claims(audience)))
	in.RoleSessionName, in.DurationSeconds = aws.String("a"), aws.Int32(1)
	_, err := s.AssumeRoleWithWebIdentity(t.Context(), in, once)
	if got := refusalOf(err).Message; !strings.HasPrefix(got, "2 validation errors detected: ") || !strings.Contains(got, "'a'") {
		t.Errorf("message = %q", got)
	}
}

// Tokens that AWS accepts are accepted.
func TestAcceptedTokens(t *testing.T) {
	t.Parallel()
	const roles = "https://aws.amazon.com/roles"
	tests := []struct {
		name  string
		pairs []any
	}{
		{"five minutes after exp", []any{"exp", time.Now().Add(-290 * time.Second).Unix()}},
		{"audience in a list", []any{"aud", []string{audience}}},
		{"azp and another audience", []any{"aud", []string{"x", "y"}, "azp", audience}},
		{"roles as a list", []any{roles, []string{"arn:aws:iam::1:role/x", roleARN}}},
		{"roles as text", []any{roles, "arn:aws:iam::1:role/x;" + roleARN}},
		{"claim of another organization", []any{"org", "0191e223-1c3c-7607-badf-000000000000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, iss := setup(t)
			out, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(idptest.With(iss.Claims(audience), tt.pairs...))), once)
			if err != nil {
				t.Fatalf("%v (log: %+v)", err, lastCall(t, s))
			}
			if got := aws.ToString(out.Audience); got != audience {
				t.Errorf("Audience = %q, want %q", got, audience)
			}
		})
	}
}

// All algorithms of AWS are accepted, and a new key can be used at once.
func TestAlgorithmsAndRotation(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: alg})
			s := awsfedtest.New(t, iss, roleARN)
			assume(t, s, iss)
			if strings.HasPrefix(alg, "ES") { // generating an RSA key is slow
				iss.RotateKey()
				assume(t, s, iss)
			}
		})
	}
}
