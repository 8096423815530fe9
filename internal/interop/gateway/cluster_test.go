package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/fakenet"
	"github.com/onafed/onafed/internal/interop/program"
)

// account is the tenant of everything that the tests make. It has 12 digits, so that ARNs look like
// those of AWS.
const account = "123456789012"

// A cluster is the smallest Ceph on loopback: a monitor, a storage daemon that keeps its data in
// memory, and the RADOS Gateway, which has S3, STS and the roles of IAM. It reaches issuers on its
// own network.
type cluster struct {
	URL   string
	Net   *fakenet.Net
	Admin aws.Credentials // of a user that may make providers and roles

	dir       string
	processes []*program.Process
}

var started = struct {
	sync.Once
	c   *cluster
	err error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.c != nil {
		started.c.stop()
	}
	os.Exit(code)
}

// ceph returns the cluster that the tests share. The first call starts it.
func ceph(t *testing.T) *cluster {
	t.Helper()
	program.Need(t, "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
	started.Do(func() {
		began := time.Now()
		started.c, started.err = start()
		t.Logf("Ceph started in %.1f s", time.Since(began).Seconds())
	})
	if started.err != nil {
		t.Fatal(started.err)
	}
	return started.c
}

func (c *cluster) stop() {
	for i := len(c.processes) - 1; i >= 0; i-- {
		c.processes[i].Stop()
	}
	if c.Net != nil {
		c.Net.Close()
	}
	os.RemoveAll(c.dir)
}

func start() (c *cluster, err error) {
	dir, err := os.MkdirTemp("", "onafed-ceph-")
	if err != nil {
		return nil, err
	}
	c = &cluster{dir: dir}
	defer func() {
		if err != nil {
			c.stop()
			c = nil
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if c.Net, err = fakenet.New(dir, nil); err != nil {
		return c, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return c, err
	}
	monitor, gateway := ports[0], ports[1]
	c.URL = fmt.Sprintf("http://127.0.0.1:%d", gateway)
	c.Admin = aws.Credentials{AccessKeyID: "ONAFEDINTEROPADMIN", SecretAccessKey: "not-a-secret-of-anything-that-lives-on"}
	return c, errors.Join(
		c.monitor(ctx, monitor, gateway),
		c.storage(ctx),
		c.gateway(ctx),
	)
}

// configuration returns the configuration of every daemon. The daemons authenticate to each other,
// because the gateway hangs without cephx. The short intervals of the monitor halve the start time.
func (c *cluster) configuration(id string, monitor, gateway int) string {
	return fmt.Sprintf(`[global]
fsid = %[2]s
mon initial members = a
mon host = [v2:127.0.0.1:%[3]d/0]
public addr = 127.0.0.1
public network = 127.0.0.0/8
ms bind ipv4 = true
ms bind ipv6 = false
keyring = %[1]s/keyring
run dir = %[1]s
admin socket = %[1]s/$name.asok
log file = %[1]s/$name.log
pid file =
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 2
mon osd prime pg temp = false
paxos propose interval = 0.05
paxos min wait = 0.01

[mon.a]
mon data = %[1]s/mon
mon cluster log file = %[1]s/cluster.log

[osd.0]
osd data = %[1]s/osd
osd objectstore = memstore
memstore device bytes = 1073741824

[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:%[4]d
rgw dns name = iam.amazonaws.com
rgw sts key = abcdefghijklmnop
rgw s3 auth use sts = true
rgw sts min session duration = 2
rgw verify ssl = false
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
debug rgw = 1
`, c.dir, id, monitor, gateway)
}

func (c *cluster) monitor(ctx context.Context, monitor, gateway int) error {
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		return err
	}
	cluster := strings.TrimSpace(string(id))
	for _, d := range []string{"mon", "osd"} {
		if err := os.Mkdir(filepath.Join(c.dir, d), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(c.dir, "ceph.conf"), []byte(c.configuration(cluster, monitor, gateway)), 0o600); err != nil {
		return err
	}
	keyring, monmap := filepath.Join(c.dir, "keyring"), filepath.Join(c.dir, "monmap")
	for _, args := range [][]string{
		{"ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"},
		{"ceph-authtool", keyring, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *"},
		{"ceph-authtool", keyring, "--gen-key", "-n", "client.rgw.a", "--cap", "mon", "allow *", "--cap", "osd", "allow *"},
		{"ceph-authtool", keyring, "--gen-key", "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"},
		{"monmaptool", "--create", "--fsid", cluster, "--addv", "a", fmt.Sprintf("[v2:127.0.0.1:%d/0]", monitor), monmap},
		{"ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring},
	} {
		if _, err := c.run(ctx, args...); err != nil {
			return err
		}
	}
	return c.daemon("ceph-mon", "-f", "-i", "a")
}

func (c *cluster) storage(ctx context.Context) error {
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"ceph", "--connect-timeout", "20", "osd", "new", strings.TrimSpace(string(id))},
		{"ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", strings.TrimSpace(string(id))},
		{"ceph", "osd", "crush", "add", "osd.0", "1", "host=h", "root=default"},
	} {
		if _, err := c.run(ctx, args...); err != nil {
			return err
		}
	}
	return c.daemon("ceph-osd", "-f", "-i", "0")
}

func (c *cluster) gateway(ctx context.Context) error {
	if err := c.daemon("radosgw", "-f", "-n", "client.rgw.a"); err != nil {
		return err
	}
	daemon := c.processes[len(c.processes)-1]
	for {
		if r, err := http.Get(c.URL); err == nil {
			r.Body.Close()
			break
		}
		select {
		case <-daemon.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "radosgw.out"))
			return fmt.Errorf("radosgw ended: %s", program.Tail(string(log)))
		case <-ctx.Done():
			return fmt.Errorf("radosgw does not answer: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	_, err := c.run(ctx, "radosgw-admin", "user", "create", "--tenant="+account, "--uid=admin", "--display-name=admin",
		"--access-key="+c.Admin.AccessKeyID, "--secret="+c.Admin.SecretAccessKey, "--caps=roles=*;oidc-provider=*;user-policy=*")
	return err
}

// command returns the command for one of Ceph's programs with the cluster's configuration. libcurl
// in the gateway reads its proxy from the environment.
func (c *cluster) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	if args[0] != "ceph-authtool" {
		cmd.Args = append(cmd.Args, "-c", filepath.Join(c.dir, "ceph.conf"))
	}
	cmd.Env = append(os.Environ(), "https_proxy="+c.Net.Proxy, "http_proxy="+c.Net.Proxy, "no_proxy=")
	return cmd
}

func (c *cluster) run(ctx context.Context, args ...string) ([]byte, error) {
	return program.Run(c.command(ctx, args...))
}

func (c *cluster) daemon(args ...string) error {
	cmd := c.command(context.Background(), args...)
	out, err := os.Create(filepath.Join(c.dir, args[0]+".out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p, err := program.Start(cmd)
	if err != nil {
		return err
	}
	c.processes = append(c.processes, p)
	return nil
}

// freePorts returns loopback ports that are free at the moment.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
