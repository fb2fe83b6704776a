// Asks a server in an open loop: requests are due at random instants (a Poisson process), whether
// the server is quick or not, and a latency counts from the instant at which a request was due. A
// load that waits for its answers would leave out what a slow server makes everybody else wait
// ("coordinated omission").
//
//	open-loop -address 127.0.0.1:8080 -request FILE -rate 1000 -seconds 10 -connections 64
//
// One thread, which polls and never sleeps: give it a core of its own.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"
)

// Warm-up that is not counted, how long answers may take after the last request was due, and the
// time of which each 99th percentile is told beside the one of all.
const (
	warmUp   = 500 * time.Millisecond
	patience = 5 * time.Second
	slice    = 250 * time.Millisecond
)

type connection struct {
	opened *os.File // held: a file that nobody holds is closed
	file   int
	due    time.Duration
	busy   bool
	answer []byte
}

type load struct {
	start       time.Time
	request     []byte
	connections map[int]*connection
	idle        []*connection
	waiting     []time.Duration
	latencies   []float64
	slices      [][]float64
	failed      int
}

func main() {
	address := flag.String("address", "", "host and port")
	request := flag.String("request", "", "file with one whole request")
	rate := flag.Float64("rate", 1000, "requests a second")
	seconds := flag.Float64("seconds", 10, "how long")
	count := flag.Int("connections", 64, "connections")
	flag.Parse()
	content, err := os.ReadFile(*request)
	check(err)
	asked := &load{request: content, connections: map[int]*connection{}}
	poll, err := syscall.EpollCreate1(0)
	check(err)
	for made := 0; made < *count; made++ {
		asked.connect(poll, *address)
	}
	asked.run(poll, *rate, time.Duration(*seconds*float64(time.Second)))
	sort.Float64s(asked.latencies)
	p99s := []float64{}
	for _, latencies := range asked.slices {
		sort.Float64s(latencies)
		p99s = append(p99s, percentile(latencies, 0.99))
	}
	told := map[string]any{
		"answered": len(asked.latencies), "failed": asked.failed,
		"p50":  percentile(asked.latencies, 0.5),
		"p99":  percentile(asked.latencies, 0.99),
		"p999": percentile(asked.latencies, 0.999),
		"p99s": p99s,
	}
	check(json.NewEncoder(os.Stdout).Encode(told))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "open-loop:", err)
		os.Exit(1)
	}
}

func (l *load) connect(poll int, address string) {
	dialled, err := net.Dial("tcp", address)
	check(err)
	file, err := dialled.(*net.TCPConn).File()
	check(err)
	descriptor := int(file.Fd())
	check(syscall.SetNonblock(descriptor, true))
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(descriptor)}
	check(syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, descriptor, &event))
	check(dialled.Close()) // the file is a duplicate
	made := &connection{opened: file, file: descriptor}
	l.connections[descriptor] = made
	l.idle = append(l.idle, made)
}

func (l *load) run(poll int, rate float64, length time.Duration) {
	random := rand.New(rand.NewSource(1))
	events := make([]syscall.EpollEvent, 256)
	buffer := make([]byte, 1<<16)
	l.start = time.Now()
	next, end := time.Duration(0), warmUp+length
	for {
		now := time.Since(l.start)
		for ; next <= now && next < end; next += time.Duration(random.ExpFloat64() / rate * 1e9) {
			l.waiting = append(l.waiting, next)
		}
		for len(l.waiting) > 0 && len(l.idle) > 0 {
			free := l.idle[0] // in turn: a server closes a connection that asks nothing for long
			l.idle = l.idle[1:]
			l.send(free, l.waiting[0])
			l.waiting = l.waiting[1:]
		}
		done := len(l.idle) == len(l.connections) && len(l.waiting) == 0
		if next >= end && (done || now > end+patience) {
			l.failed += len(l.connections) - len(l.idle) + len(l.waiting)
			return
		}
		found, err := syscall.EpollWait(poll, events, 0)
		if err == syscall.EINTR {
			continue
		}
		check(err)
		for _, event := range events[:found] {
			l.receive(l.connections[int(event.Fd)], buffer)
		}
	}
}

func (l *load) send(to *connection, due time.Duration) {
	to.due, to.busy, to.answer = due, true, to.answer[:0]
	written, err := syscall.Write(to.file, l.request)
	if err != nil || written != len(l.request) {
		check(fmt.Errorf("a request was not taken at once: %d bytes, %v", written, err))
	}
}

func (l *load) receive(from *connection, buffer []byte) {
	read, err := syscall.Read(from.file, buffer)
	if err == syscall.EAGAIN {
		return
	}
	check(err)
	if read == 0 {
		check(fmt.Errorf("the server closed a connection"))
	}
	from.answer = append(from.answer, buffer[:read]...)
	whole, good := parsed(from.answer)
	if !whole || !from.busy {
		return
	}
	from.busy = false
	l.idle = append(l.idle, from)
	if !good {
		l.failed++
	} else if from.due >= warmUp {
		l.count(from.due-warmUp, float64(time.Since(l.start)-from.due)/1e3)
	}
}

// parsed tells whether an answer is whole, and whether its status is 200.
func parsed(answer []byte) (whole, good bool) {
	end := bytes.Index(answer, []byte("\r\n\r\n"))
	if end < 0 {
		return false, false
	}
	head := bytes.ToLower(answer[:end+2])
	field := []byte("\r\ncontent-length:")
	at := bytes.Index(head, field)
	if at < 0 {
		check(fmt.Errorf("an answer has no content-length: %q", head))
	}
	value := head[at+len(field):]
	size, err := strconv.Atoi(string(bytes.TrimSpace(value[:bytes.IndexByte(value, '\r')])))
	check(err)
	return len(answer) >= end+4+size, bytes.HasPrefix(head, []byte("http/1.1 200"))
}

// count keeps a latency, in microseconds, of a request that was due then.
func (l *load) count(due time.Duration, latency float64) {
	l.latencies = append(l.latencies, latency)
	for int(due/slice) >= len(l.slices) {
		l.slices = append(l.slices, nil)
	}
	l.slices[due/slice] = append(l.slices[due/slice], latency)
}

func percentile(latencies []float64, share float64) float64 {
	if len(latencies) == 0 {
		return 0
	}
	return latencies[min(len(latencies)-1, int(share*float64(len(latencies))))]
}
