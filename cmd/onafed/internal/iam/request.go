// Package iam reads roles and identity providers from IAM.
package iam

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	requestTimeout = 20 * time.Second
	maxAnswer      = 1 << 20
)

// Error is a refusal by IAM.
type Error struct{ Code, Message string }

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("IAM answered %+q: %+q", e.Code, e.Message) }

// IsMissing reports whether err is IAM's answer for something that does not exist.
func IsMissing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == "NoSuchEntity"
}

// send sends one signed request of the query protocol and returns the status and the text of the
// answer. The SDK's IAM client would be a large dependency for it.
func send(ctx context.Context, cfg aws.Config, action string, params url.Values) (status int, text []byte, err error) {
	req, err := newRequest(ctx, cfg, action, params)
	if err != nil {
		return 0, nil, err
	}
	client := &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, text, err
}

// newRequest returns a signed request.
func newRequest(ctx context.Context, cfg aws.Config, action string, params url.Values) (*http.Request, error) {
	needed := "to read from IAM, AWS credentials with the permission iam:" + action + " are needed"
	if cfg.Credentials == nil {
		return nil, errors.New(needed + ", and no credentials were found")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf(needed+": %w", err)
	}
	endpoint, region := endpointOf(cfg.Region)
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("the IAM endpoint %+q is neither https nor on this host: others could read the session token on its way", endpoint)
	}
	params.Set("Action", action)
	params.Set("Version", "2010-05-08")
	body := params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "iam", region, time.Now())
	return req, err
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// parse reads an answer of IAM into result, or returns its refusal as an [*Error]. Ceph writes the
// refusal without the element around Error.
func parse(status int, text []byte, result any) error {
	var refusal struct {
		Error         Error
		Code, Message string
	}
	target := result
	if status != http.StatusOK {
		target = &refusal
	}
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(target); err != nil {
		return fmt.Errorf("IAM answered %d with a text that is not XML", status)
	}
	if status != http.StatusOK {
		return &Error{cmp.Or(refusal.Error.Code, refusal.Code), cmp.Or(refusal.Error.Message, refusal.Message)}
	}
	return nil
}
