package awsfed_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
)

// threeAccounts returns an STS with the roles of three, each of which trusts the one before it. The
// last one requires an external ID, and lets the caller set tags and a source identity.
func threeAccounts(t *testing.T) (*awsfedtest.STS, *idptest.Issuer) {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	for arn, statement := range map[string]string{
		middleRole: `"Principal":{"AWS":"` + roleARN + `"},"Action":"sts:AssumeRole"`,
		lastRole: `"Principal":{"AWS":"` + middleRole + `"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],` +
			`"Condition":{"StringEquals":{"sts:ExternalId":"agreed"}}`,
	} {
		policy, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + statement + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.PutRole(awsfedtest.Role{ARN: arn, TrustPolicy: policy}); err != nil {
			t.Fatal(err)
		}
	}
	return s, iss
}

// agreed is a chain that the roles of threeAccounts allow.
func agreed(o *awsfed.Options) {
	o.Chain = []awsfed.NextRole{
		{RoleARN: middleRole},
		{RoleARN: lastRole, ExternalID: "agreed", SourceIdentity: "alice", Tags: map[string]string{"team": "web"}},
	}
}

// The client of the SDK assumes three roles over HTTP. The STS checks signatures and trust policies.
func TestChainOverHTTP(t *testing.T) {
	t.Parallel()
	s, iss := threeAccounts(t)
	client := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(awsfedtest.Start(t, s))})
	p, err := awsfed.New(client, roleARN, iss.TokenSource("sts.amazonaws.com"), agreed)
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.Client(p).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := aws.ToString(who.Arn), "arn:aws:sts::"+lastAccount+":assumed-role/last/env-"+envID; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	st := p.Status()
	if st.AccountID != lastAccount || st.SourceIdentity != "alice" || st.SessionTokenSize == 0 || st.PackedPolicySize == 0 || st.Issuer == "" || st.AssumedRoleARN != *who.Arn {
		t.Errorf("Status = %+v", st)
	}
	var got []string
	for _, c := range s.Calls() {
		got = append(got, fmt.Sprint(c.Action, " ", c.RoleARN, " ", c.OK()))
	}
	want := []string{"AssumeRoleWithWebIdentity " + roleARN + " true", "AssumeRole " + middleRole + " true", "AssumeRole " + lastRole + " true", "GetCallerIdentity " + lastRole + " true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// The answer of STS to a wrong external ID and to a policy without an action names the step.
func TestChainRefusedOverHTTP(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  func(*awsfed.Options)
		step int
		want string // in NextStep
	}{
		"no external ID":           {func(o *awsfed.Options) { o.Chain[1].ExternalID = "" }, 3, "no external ID was sent"},
		"another external ID":      {func(o *awsfed.Options) { o.Chain[1].ExternalID = "guessed" }, 3, "has the external ID that was sent"},
		"tags":                     {func(o *awsfed.Options) { o.Chain[0].Tags = map[string]string{"team2": "web"} }, 2, "sts:TagSession"},
		"a source identity":        {func(o *awsfed.Options) { o.Chain[0].SourceIdentity = "alice" }, 2, "sts:SetSourceIdentity"},
		"the middle role left out": {func(o *awsfed.Options) { o.Chain = o.Chain[1:] }, 2, "principal AWS \"" + roleARN},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, iss := threeAccounts(t)
			p, err := awsfed.New(s, roleARN, iss.TokenSource("sts.amazonaws.com"), agreed, tt.set)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Retrieve(t.Context())
			e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
			if !ok || e.Step != tt.step || e.Code != "AccessDenied" || e.RequestID == "" || e.Retryable() || !strings.Contains(e.NextStep(), tt.want) {
				t.Errorf("Retrieve = %v, want AccessDenied in step %d and %q", err, tt.step, tt.want)
			}
		})
	}
}

// A chain works with a clock that is wrong by hours, although its requests are signed: the answer to
// the first one has the time of STS.
func TestChainWithWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s, iss := threeAccounts(t)
			s.SkewClock(ahead)
			p, err := awsfed.New(s, roleARN, skewed{iss, ahead}, agreed, exact)
			if err != nil {
				t.Fatal(err)
			}
			first, err := p.Retrieve(t.Context())
			if left := time.Until(first.Expires); err != nil || (left-45*time.Minute).Abs() > 2*time.Second {
				t.Errorf("a clock %v ahead: Retrieve = %v left, %v, want 45m", ahead, left, err)
			}
			time.Sleep(46 * time.Minute)
			wantKey(t, p, first.AccessKeyID, 0)
			synctest.Wait()
			if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID == first.AccessKeyID {
				t.Errorf("a clock %v ahead: Retrieve after the refresh = %q, %v", ahead, c.AccessKeyID, err)
			}
		})
	}
}

// assumeRoleOnly sends requests of AssumeRole to do, and others to an STS.
func assumeRoleOnly(s *awsfedtest.STS, do func(*http.Request, string) (*http.Response, error)) doer {
	hc := s.HTTPClient()
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body), "Action=AssumeRole&") {
			return do(r, r.Header.Get("X-Amz-Security-Token"))
		}
		return hc.Do(r)
	}
}

// The secrets of the role before are in no error that can be unwrapped, and in no log, although the
// server repeats them.
func TestChainErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code string
		resp func(token string) (status int, header http.Header, body string)
	}{
		"not repeated": {"AccessDenied", func(string) (int, http.Header, string) { return 403, http.Header{}, errorXML("AccessDenied")("no") }},
		"in the text": {"AccessDenied", func(token string) (int, http.Header, string) {
			return 403, http.Header{}, errorXML("AccessDenied")(token)
		}},
		"in the header": {"AccessDenied", func(token string) (int, http.Header, string) {
			return 403, http.Header{"X-Amz-Security-Token": {token}}, errorXML("AccessDenied")("no")
		}},
		"in HTML": {"", func(token string) (int, http.Header, string) { return 502, http.Header{}, "<html>" + token }},
		"in half of an answer": {"", func(token string) (int, http.Header, string) {
			return 200, http.Header{}, "<AssumeRoleResponse><SecretAccessKey>" + token
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, iss := threeAccounts(t)
				var secret atomic.Value
				client := sts.New(sts.Options{Region: "eu-central-1", HTTPClient: assumeRoleOnly(s, func(r *http.Request, token string) (*http.Response, error) {
					secret.Store(token)
					status, header, body := tt.resp(token)
					return &http.Response{StatusCode: status, Header: header, Body: readCloser(body), Request: r}, nil
				})})
				var log bytes.Buffer
				p, err := awsfed.New(client, roleARN, iss.TokenSource("sts.amazonaws.com"), agreed, func(o *awsfed.Options) {
					o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.Retrieve(t.Context())
				synctest.Wait()
				token, _ := secret.Load().(string)
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Step != 2 || e.Code != tt.code || len(token) < 100 {
					t.Fatalf("Retrieve = %v with a session token of %d bytes", err, len(token))
				}
				everyError(err, func(e error) {
					texts := fmt.Sprintf("%v %+v", e, e)
					if re, ok := e.(*smithyhttp.ResponseError); ok { //nolint:errorlint // this one
						texts += fmt.Sprint(re.Response.Header, re.Response.Request)
					}
					if de, ok := e.(*smithy.DeserializationError); ok { //nolint:errorlint // this one
						texts += string(de.Snapshot)
					}
					if strings.Contains(texts, token[10:40]) {
						t.Errorf("a %T shows the session token: %.300s", e, texts)
					}
				})
				if !strings.Contains(log.String(), "step 2 of 3") || strings.Contains(log.String(), token[10:40]) {
					t.Errorf("the log has no step, or the session token:\n%s", log.String())
				}
			})
		})
	}
}

// The requests for the next roles have the guards of the first one: no redirect is followed, an
// endless answer is cut, and a refused request is not repeated by the SDK.
func TestChainRequestsAreGuarded(t *testing.T) {
	t.Parallel()
	var read atomic.Int64
	for name, tt := range map[string]struct {
		resp     func() *http.Response
		requests int
	}{
		"a redirect": {func() *http.Response {
			return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"https://elsewhere.example"}}, Body: readCloser("")}
		}, 3},
		"an endless answer": {func() *http.Response {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(endless{&read})}
		}, 3},
		"a throttled request": {func() *http.Response {
			return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: readCloser(errorXML("Throttling")("slow down"))}
		}, 3},
		"a refused request": {func() *http.Response {
			return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: readCloser(errorXML("AccessDenied")("no"))}
		}, 1},
		"an answer for another role": {func() *http.Response {
			body := strings.ReplaceAll(granted(time.Now().Add(time.Hour)), "WithWebIdentity", "")
			body = strings.Replace(body, "</AssumeRoleResult>", "<AssumedRoleUser><Arn>arn:aws:sts::"+middleAccount+":assumed-role/other/x</Arn></AssumedRoleUser></AssumeRoleResult>", 1)
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: readCloser(body)}
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, iss := threeAccounts(t)
				var requests, elsewhere atomic.Int64
				transport := assumeRoleOnly(s, func(r *http.Request, _ string) (*http.Response, error) {
					if r.URL.Host == "elsewhere.example" {
						elsewhere.Add(1)
					}
					requests.Add(1)
					resp := tt.resp()
					resp.Request = r
					return resp, nil
				})
				client := sts.New(sts.Options{Region: "eu-central-1", HTTPClient: &http.Client{Transport: roundTripper(transport)}})
				p, err := awsfed.New(client, roleARN, iss.TokenSource("sts.amazonaws.com"), agreed)
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.Retrieve(t.Context())
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Step != 2 {
					t.Errorf("Retrieve = %v, want an error of step 2", err)
				}
				if int(requests.Load()) != tt.requests || elsewhere.Load() != 0 {
					t.Errorf("%d requests, want %d, and %d to another host", requests.Load(), tt.requests, elsewhere.Load())
				}
			})
		})
	}
	if read.Load() > 3*2<<20 {
		t.Errorf("%d bytes of endless answers were read", read.Load())
	}
}

// A roundTripper is a transport made of a function.
type roundTripper doer

func (r roundTripper) RoundTrip(rq *http.Request) (*http.Response, error) { return r(rq) }
