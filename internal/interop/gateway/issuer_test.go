package gateway_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// A world is an issuer on the gateway's network, registered with the gateway.
type world struct {
	*cluster
	URL string
	// Subject is different in each test. The gateway makes a user for each subject at its first
	// call, and fails if there are two first calls at once.
	Subject string
	Ring    *issuer.KeyRing
}

// newWorld starts an issuer and registers it. Each test has its own, so that tests can run in
// parallel.
func newWorld(t *testing.T, issuerURL string, audiences ...string) *world {
	t.Helper()
	w := newIssuer(t, issuerURL)
	w.register(t, issuerURL, audiences...)
	return w
}

// newIssuer starts an issuer that the gateway does not know.
func newIssuer(t *testing.T, issuerURL string) *world {
	t.Helper()
	w := &world{cluster: ceph(t), URL: issuerURL, Subject: newSubject()}
	var err error
	if w.Ring, err = issuer.NewKeyRing(&issuer.KeyRingOptions{Wait: -1, MaxAge: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if err := w.Ring.Publish(newSigner(t, "k0")); err != nil {
		t.Fatal(err)
	}
	handler, err := issuer.NewHandler(issuerURL, w.Ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(issuerURL)
	if err != nil {
		t.Fatal(err)
	}
	w.Net.Handle(u.Host, handler)
	return w
}

// newSubject returns the subject of a new environment in idptest's project.
func newSubject() string {
	id := make([]byte, 16)
	rand.Read(id)
	return fmt.Sprintf("org:%s/prj:%s/env:%x-%x-%x-%x-%x", idptest.OrganizationID, idptest.ProjectID, id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// newSigner is a new RSA key with the certificate that the gateway reads it from.
func newSigner(t *testing.T, kid string) *issuer.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "onafed interop tests"},
		NotBefore:    now.Add(-time.Hour), // the gateway's clock may differ
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: kid, Certificates: [][]byte{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claims returns the claims of a V2 token of an Ona environment.
func (w *world) claims(pairs ...any) map[string]any {
	now := time.Now()
	return idptest.With(map[string]any{
		"iss": w.URL, "aud": idp.AudienceAWS, "sub": w.Subject, "org": idptest.OrganizationID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}, pairs...)
}

// source returns a token source that signs a new token at each call.
func (w *world) source() idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		raw, err := w.Ring.Sign(ctx, w.claims())
		if err != nil {
			return nil, err
		}
		return idp.ParseToken(raw)
	})
}

// assume asks the gateway for a role until it answers. Under many parallel calls about one answer
// in a hundred is cut off and a few in a thousand never arrive, whatever the request is.
func (w *world) assume(ctx context.Context, role, token string) error {
	client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &w.cluster.URL, Retryer: aws.NopRetryer{}})
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String("interop"), WebIdentityToken: &token,
		})
		cancel()
		var answer *smithyhttp.ResponseError
		if err == nil || try == 4 || errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500 {
			return err
		}
	}
}
