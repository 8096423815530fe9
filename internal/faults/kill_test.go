package faults_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

const (
	killRow = "kill -9"
	kills   = 6
)

// testKill kills processes: the servers of the components, in the middle of a response, and the
// writers of files.
func testKill(t *testing.T, r *report) {
	t.Helper()
	r.add(killRow, "a writer of files is killed while it writes, a server while it responds")
	tests := map[string]func(*cell){credFile: killCredentials, tokenFile: killTokens, credCache: killCache}
	for _, c := range components() {
		if c.name != credCache {
			tests[c.name] = func(cl *cell) { killServer(cl, c) }
		}
	}
	t.Run("cells", func(t *testing.T) {
		var wg sync.WaitGroup
		for column, test := range tests {
			dir := t.TempDir()
			wg.Go(func() { r.cell(t, column, killRow, dir, test) })
		}
		wg.Wait()
	})
}

// killSome starts a writer, kills it at a random point some writes later, and calls check. acked is
// the number of the last write that the writer reported as complete.
func killSome(c *cell, role, arg string, check func(acked int)) {
	for range kills {
		p := start(c, role, c.dir, arg)
		acked := 0
		for range 1 + rand.N(4) {
			acked, _ = strconv.Atoi(p.nextLine(c))
		}
		wait(c.Context(), rand.N(3*time.Millisecond)) // during one of the next writes
		p.kill()
		if acked == 0 {
			c.Errorf("the writer reported no write")
			return
		}
		check(acked)
	}
	c.note("%d writers killed", kills)
}

// killCredentials kills one of two writers of a file. The other one continues, and the rest of the
// file stays.
func killCredentials(c *cell) {
	const before = "# by hand\n[keep]\naws_access_key_id = AKIAKEEP\naws_secret_access_key = keep\n"
	path := filepath.Join(c.dir, "credentials")
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		c.Fatal(err)
	}
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		c.Fatal(err)
	}
	other := start(c, "write credentials", c.dir, "survivor")
	killSome(c, "write credentials", "victim", func(acked int) {
		c.wholeProfile(path, "victim", func(got int) bool { return got >= acked })
		n, err := strconv.Atoi(other.nextLine(c)) // the lock of the killed writer does not block it
		if err != nil {
			c.Errorf("%v", err)
		}
		c.wholeProfile(path, "survivor", func(got int) bool { return got >= n })
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), before) {
			c.Errorf("the other text in the file changed: %v", err)
		}
	})
	other.kill()
	if err := f.Edit(c.Context(), "after", export.Set("region", "x")); err != nil {
		c.Errorf("after the kills: %v", err)
	}
	c.onlyFiles(c.dir, "credentials")
}

func killTokens(c *cell) {
	path := filepath.Join(c.dir, "tokens", "web-identity")
	read := func() int {
		raw, err := os.ReadFile(path)
		if err != nil {
			c.Errorf("%v", err)
			return 0
		}
		return tokenNumber(c, string(raw))
	}
	killSome(c, "write tokens", "", func(acked int) {
		if n := read(); n < acked {
			c.Errorf("token %d is in the file after token %d was written", n, acked)
		}
	})
	f, err := export.NewTokenFile(path, idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return numbered(0) }), nil)
	if err != nil {
		c.Fatal(err)
	}
	if _, err := f.Write(c.Context()); err != nil || read() != 0 {
		c.Errorf("after the kills: %v", err)
	}
	c.onlyFiles(filepath.Dir(path), "web-identity")
}

func killCache(c *cell) {
	dir := filepath.Join(c.dir, "cache")
	cache := export.OpenCache(&export.CacheOptions{Dir: dir})
	if err := cache.Off(); err != nil {
		c.Fatal(err)
	}
	round := 0
	killSome(c, "write cache", "", func(acked int) {
		round++
		calls := 0
		if e, err := cache.Entry(c.Context(), numberedEntry("", acked, &calls)); err != nil || calls != 0 || e.Credentials().AccessKeyID != fakeCredentials(acked).AccessKeyID {
			c.Errorf("entry %d was written and lost: %d fetches, %v", acked, calls, err)
		}
		// Each later entry is in the cache or is fetched, and it is whole.
		for n := acked + 1; ; n++ {
			calls = 0
			e, err := cache.Entry(c.Context(), numberedEntry("", n, &calls))
			if err != nil || e.Credentials().SessionToken != fakeCredentials(n).SessionToken {
				c.Errorf("entry %d: %v", n, err)
			}
			if calls > 0 || err != nil {
				break
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
			c.Errorf("%q are left in the folder", left)
		}
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.Errorf("%v", err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			c.Errorf("%v", err)
		}
	})
}

// killServer kills the servers in the middle of a response and starts them again. The call returns
// a value or an error at once, and a call returns a value soon after the servers are back.
func killServer(c *cell, co component) {
	const rounds = 2
	c.attempt = 10 * time.Second
	var addr atomic.Value
	w := newWorldOf(c, func(testing.TB, http.Handler) *server {
		return &server{dial: func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", addr.Load().(string))
		}}
	}, "pat-of-"+strconv.Itoa(rand.Int()), "RS256", time.Hour)
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()

	p := start(c, "serve", c.dir, w.bearer)
	addr.Store(p.nextLine(c))
	failed := 0
	for range rounds {
		subject := co.start(c, w) // a new component has no value, so it sends a request
		done := make(chan error, 1)
		go func() {
			_, err := subject.use(ctx)
			done <- err
		}()
		p.nextLine(c) // the server has received a request
		for range rand.N(5) {
			_, _ = p.stdin.Write([]byte{0})
			p.nextLine(c)
		}
		p.kill()
		if err := <-done; err != nil {
			failed++
			c.checkErrorOf(w, err)
		}
		p = start(c, "serve", c.dir, w.bearer)
		addr.Store(p.nextLine(c))
		_ = p.stdin.Close() // from now on the server responds at once
		go p.ignore()
		for try := 1; ; try++ {
			if _, err := subject.use(ctx); err == nil {
				break
			} else if try == 20 || !wait(ctx, time.Second/2) {
				c.Errorf("no value after the servers are back: %v", err)
				break
			}
		}
		p.kill()
		p = start(c, "serve", c.dir, w.bearer)
		addr.Store(p.nextLine(c))
	}
	p.kill()
	w.client.CloseIdleConnections()
	c.note("servers killed %d times, %d calls failed", rounds, failed)
}

// tokenNumber returns the number of a token that numbered returned.
func tokenNumber(c *cell, raw string) int {
	t, err := idp.ParseToken(raw)
	if err != nil {
		c.Errorf("the file has no whole token: %v", err)
		return 0
	}
	var id struct {
		JTI string `json:"jti"`
	}
	n, err := 0, t.Claims().Decode(&id)
	if err == nil {
		n, err = strconv.Atoi(id.JTI)
	}
	if err != nil {
		c.Errorf("%v", err)
	}
	return n
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
