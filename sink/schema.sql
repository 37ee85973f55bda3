CREATE FUNCTION public.bucket_value(bucket integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (bucket = '-346'::integer) THEN (0)::double precision ELSE (((2)::double precision * power(((1.01)::double precision / (0.99)::double precision), (bucket)::double precision)) / (((1.01)::double precision / (0.99)::double precision) + (1)::double precision)) END;
COMMENT ON FUNCTION public.bucket_value(bucket integer) IS 'What values in a bucket are taken for, as value_of of signaltape.measuring.histogram: within 1 % of each.';
CREATE FUNCTION public.round_trip_pct() RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('signaltape.round_trip_pct', TRUE), '')::numeric $$;
COMMENT ON FUNCTION public.round_trip_pct() IS 'What opening and closing a position costs, in percent of its value: SET signaltape.round_trip_pct; else NULL.';
CREATE FUNCTION public.score_edges() RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY[0.5, 0.6, 0.7, 0.8];
COMMENT ON FUNCTION public.score_edges() IS 'The lower edge of every bin of the score but the first: inclusive, on the exact score.';
CREATE FUNCTION public.score_bin(score numeric) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(score, public.score_edges());
COMMENT ON FUNCTION public.score_bin(score numeric) IS 'The number of the bin that holds a score, 0 to 4: lower edges inclusive, on the exact score.';
CREATE TABLE public.ghost_closures (
    signal_id uuid NOT NULL,
    symbol text,
    ts_closed timestamp with time zone NOT NULL,
    rr_realized numeric NOT NULL,
    time_in_trade_ms bigint NOT NULL,
    exit_reason text NOT NULL,
    rr_best numeric,
    fees_r numeric,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT ghost_closures_exit_reason_check CHECK ((exit_reason = ANY (ARRAY['tp'::text, 'sl'::text, 'time'::text, 'manual'::text, 'other'::text]))),
    CONSTRAINT ghost_closures_time_in_trade_ms_check CHECK ((time_in_trade_ms >= 0))
);
COMMENT ON TABLE public.ghost_closures IS 'What the ghost of a signal made, in R.';
CREATE TABLE public.ghost_fills (
    order_id text NOT NULL,
    seq integer NOT NULL,
    world text NOT NULL,
    kind text NOT NULL,
    price numeric NOT NULL,
    fraction numeric NOT NULL,
    fee_r numeric,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ghost_fills_fraction_check CHECK (((fraction > (0)::numeric) AND (fraction <= (1)::numeric))),
    CONSTRAINT ghost_fills_seq_check CHECK ((seq > 0)),
    CONSTRAINT ghost_fills_world_check CHECK ((world = ANY (ARRAY['both'::text, 'worse'::text, 'better'::text])))
);
COMMENT ON TABLE public.ghost_fills IS 'What of a paper order was filled when, in and out, in which of its two worlds.';
CREATE TABLE public.ghost_invalidations (
    signal_id uuid NOT NULL,
    symbol text,
    ts_invalidated timestamp with time zone NOT NULL,
    reason text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT ghost_invalidations_reason_check CHECK ((reason = ANY (ARRAY['sl'::text, 'hard_invalidate'::text, 'expiry'::text])))
);
COMMENT ON TABLE public.ghost_invalidations IS 'Ghosts that were never filled, or given up.';
CREATE TABLE public.ghost_orders (
    order_id text NOT NULL,
    number bigint NOT NULL,
    signal_id uuid,
    ref_id text,
    symbol text NOT NULL,
    side text NOT NULL,
    source text NOT NULL,
    tracked boolean NOT NULL,
    by text,
    chat_id text,
    thread_id bigint,
    user_id bigint,
    plan jsonb NOT NULL,
    state bytea,
    status text NOT NULL,
    reason text,
    late boolean DEFAULT false NOT NULL,
    published_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    filled_at timestamp with time zone,
    ended_at timestamp with time zone,
    fill numeric,
    exit_reason text,
    rr_realized numeric,
    rr_best numeric,
    fees_r numeric,
    mfe_r numeric,
    mae_r numeric,
    risk_usd numeric,
    pnl_usd numeric,
    pnl_pct numeric,
    bad_bars bigint DEFAULT 0 NOT NULL,
    late_bars bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT ghost_orders_check CHECK (((state IS NOT NULL) = (status = ANY (ARRAY['waiting'::text, 'open'::text])))),
    CONSTRAINT ghost_orders_check1 CHECK (((ended_at IS NULL) = (status = ANY (ARRAY['waiting'::text, 'open'::text])))),
    CONSTRAINT ghost_orders_order_id_check CHECK (((length(order_id) >= 1) AND (length(order_id) <= 512))),
    CONSTRAINT ghost_orders_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT ghost_orders_side_check CHECK ((side = ANY (ARRAY['long'::text, 'short'::text]))),
    CONSTRAINT ghost_orders_source_check CHECK ((source = ANY (ARRAY['auto'::text, 'clicked'::text, 'shell'::text, 'web'::text, 'track'::text]))),
    CONSTRAINT ghost_orders_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'open'::text, 'closed'::text, 'expired'::text, 'cancelled'::text, 'refused'::text])))
);
COMMENT ON TABLE public.ghost_orders IS 'Paper orders, each once, as they stand behind the bars that were read. Times are those of the tape.';
COMMENT ON COLUMN public.ghost_orders.rr_realized IS 'In the worse of the two worlds where a bar leaves open what came first; rr_best in the better one.';
CREATE TABLE public.ghost_triggers (
    signal_id uuid NOT NULL,
    symbol text,
    ts_triggered timestamp with time zone NOT NULL,
    entry_fill numeric NOT NULL,
    time_to_trigger_ms bigint NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT ghost_triggers_entry_fill_check CHECK ((entry_fill > (0)::numeric)),
    CONSTRAINT ghost_triggers_time_to_trigger_ms_check CHECK ((time_to_trigger_ms >= 0))
);
COMMENT ON TABLE public.ghost_triggers IS 'When and where the ghost of a signal was filled.';
CREATE TABLE public.signal_closures (
    signal_id uuid NOT NULL,
    symbol text,
    ts_closed timestamp with time zone NOT NULL,
    rr_realized numeric NOT NULL,
    time_in_trade_ms bigint NOT NULL,
    exit_reason text NOT NULL,
    rr_best numeric,
    fees_r numeric,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT signal_closures_exit_reason_check CHECK ((exit_reason = ANY (ARRAY['tp'::text, 'sl'::text, 'time'::text, 'manual'::text, 'other'::text]))),
    CONSTRAINT signal_closures_time_in_trade_ms_check CHECK ((time_in_trade_ms >= 0))
);
CREATE TABLE public.signal_invalidations (
    signal_id uuid NOT NULL,
    symbol text,
    ts_invalidated timestamp with time zone NOT NULL,
    reason text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT signal_invalidations_reason_check CHECK ((reason = ANY (ARRAY['sl'::text, 'hard_invalidate'::text, 'expiry'::text])))
);
CREATE TABLE public.signal_triggers (
    signal_id uuid NOT NULL,
    symbol text,
    ts_triggered timestamp with time zone NOT NULL,
    entry_fill numeric NOT NULL,
    time_to_trigger_ms bigint NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    CONSTRAINT signal_triggers_entry_fill_check CHECK ((entry_fill > (0)::numeric)),
    CONSTRAINT signal_triggers_time_to_trigger_ms_check CHECK ((time_to_trigger_ms >= 0))
);
CREATE TABLE public.signals (
    signal_id uuid NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    confluence_score numeric NOT NULL,
    rr_target numeric NOT NULL,
    expiry_minutes integer NOT NULL,
    rules_version text NOT NULL,
    ts_published timestamp with time zone NOT NULL,
    setup text,
    entry numeric,
    sl numeric,
    tp numeric,
    confidence numeric,
    ref_id text,
    timeframe text,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    engine text,
    entry_low numeric,
    entry_high numeric,
    tp2 numeric,
    atr_pct numeric,
    data_quality text,
    degraded boolean,
    model_version text,
    features_version text,
    track text,
    entry_type text,
    CONSTRAINT signals_atr_pct_check CHECK ((atr_pct >= (0)::numeric)),
    CONSTRAINT signals_confidence_check CHECK (((confidence >= (0)::numeric) AND (confidence <= (1)::numeric))),
    CONSTRAINT signals_confluence_score_check CHECK (((confluence_score >= (0)::numeric) AND (confluence_score <= (1)::numeric))),
    CONSTRAINT signals_data_quality_check CHECK ((data_quality = ANY (ARRAY['ok'::text, 'degraded'::text, 'bad'::text]))),
    CONSTRAINT signals_entry_check CHECK ((entry > (0)::numeric)),
    CONSTRAINT signals_entry_high_check CHECK ((entry_high > (0)::numeric)),
    CONSTRAINT signals_entry_low_check CHECK ((entry_low > (0)::numeric)),
    CONSTRAINT signals_entry_type_check CHECK ((entry_type = ANY (ARRAY['limit'::text, 'stop'::text, 'market'::text]))),
    CONSTRAINT signals_expiry_minutes_check CHECK ((expiry_minutes > 0)),
    CONSTRAINT signals_rr_target_check CHECK ((rr_target > (0)::numeric)),
    CONSTRAINT signals_side_check CHECK ((side = ANY (ARRAY['long'::text, 'short'::text]))),
    CONSTRAINT signals_sl_check CHECK ((sl > (0)::numeric)),
    CONSTRAINT signals_tp2_check CHECK ((tp2 > (0)::numeric)),
    CONSTRAINT signals_tp_check CHECK ((tp > (0)::numeric))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.01');
CREATE VIEW public.signal_outcomes AS
 SELECT s.signal_id,
    s.symbol,
    s.side,
    s.setup,
    s.rules_version,
    s.ts_published,
    s.confluence_score,
    s.rr_target,
    s.entry,
    s.sl,
    s.tp,
    public.score_bin(s.confluence_score) AS bin,
    COALESCE(t.ts_triggered, gt.ts_triggered) AS ts_triggered,
    COALESCE(t.entry_fill, gt.entry_fill) AS entry_fill,
    COALESCE(t.time_to_trigger_ms, gt.time_to_trigger_ms) AS time_to_trigger_ms,
    COALESCE(i.ts_invalidated, gi.ts_invalidated) AS ts_invalidated,
    COALESCE(i.reason, gi.reason) AS reason,
    COALESCE(c.ts_closed, gc.ts_closed) AS ts_closed,
    COALESCE(c.exit_reason, gc.exit_reason) AS exit_reason,
    COALESCE(c.time_in_trade_ms, gc.time_in_trade_ms) AS time_in_trade_ms,
    r.realized AS rr_realized,
    COALESCE(c.ts_closed, i.ts_invalidated, gc.ts_closed, gi.ts_invalidated) AS ends,
    ((t.signal_id IS NOT NULL) OR (gt.signal_id IS NOT NULL)) AS triggered,
    ((c.signal_id IS NOT NULL) OR (gc.signal_id IS NOT NULL)) AS closed,
    ((c.signal_id IS NULL) AND (i.signal_id IS NULL) AND (gc.signal_id IS NULL) AND (gi.signal_id IS NULL)) AS open,
    ((c.signal_id IS NULL) AND (gc.signal_id IS NULL) AND (NOT (COALESCE(i.reason, gi.reason) IS DISTINCT FROM 'sl'::text))) AS stopped,
    COALESCE((r.realized > (0)::numeric), false) AS won,
    COALESCE((GREATEST(r.realized, r.best) > (0)::numeric), false) AS won_at_best,
    cost.cost_r,
    (r.realized - cost.cost_r) AS net_r,
        CASE
            WHEN ((c.signal_id IS NOT NULL) OR (i.signal_id IS NOT NULL)) THEN 'engine'::text
            WHEN ((gc.signal_id IS NOT NULL) OR (gi.signal_id IS NOT NULL)) THEN 'ghost'::text
            ELSE NULL::text
        END AS outcome_from,
    r.best AS rr_best,
    ( SELECT g.rr_realized
           FROM public.ghost_closures g
          WHERE (g.signal_id = s.signal_id)) AS ghost_rr,
    ( SELECT g.rr_best
           FROM public.ghost_closures g
          WHERE (g.signal_id = s.signal_id)) AS ghost_rr_best,
    COALESCE(( SELECT g.exit_reason
           FROM public.ghost_closures g
          WHERE (g.signal_id = s.signal_id)), ( SELECT g.reason
           FROM public.ghost_invalidations g
          WHERE (g.signal_id = s.signal_id))) AS ghost_exit,
    s.confidence,
        CASE
            WHEN (c.signal_id IS NOT NULL) THEN (c.exit_reason = 'tp'::text)
            WHEN (gc.signal_id IS NOT NULL) THEN ((gc.exit_reason = 'tp'::text) OR (EXISTS ( SELECT
               FROM (public.ghost_orders g
                 JOIN public.ghost_fills f USING (order_id))
              WHERE ((g.signal_id = s.signal_id) AND g.tracked AND (f.kind = 'tp1'::text) AND (f.world = ANY (ARRAY['both'::text, 'worse'::text]))))))
            WHEN (COALESCE(i.reason, gi.reason) = 'sl'::text) THEN false
            ELSE NULL::boolean
        END AS hit_tp1,
        CASE
            WHEN ((s.tp IS NULL) OR (s.tp2 IS NULL)) THEN NULL::boolean
            WHEN (c.signal_id IS NOT NULL) THEN ((c.exit_reason = 'tp'::text) AND ((((4)::numeric * c.rr_realized) * abs((COALESCE(t.entry_fill, gt.entry_fill, s.entry) - s.sl))) >= (((3)::numeric * abs((s.tp - COALESCE(t.entry_fill, gt.entry_fill, s.entry)))) + abs((s.tp2 - COALESCE(t.entry_fill, gt.entry_fill, s.entry))))))
            WHEN (gc.signal_id IS NOT NULL) THEN (gc.exit_reason = 'tp'::text)
            WHEN (COALESCE(i.reason, gi.reason) = 'sl'::text) THEN false
            ELSE NULL::boolean
        END AS hit_tp2,
        CASE
            WHEN ((c.signal_id IS NOT NULL) OR (gc.signal_id IS NOT NULL)) THEN (r.realized - cost.cost_r)
            WHEN (COALESCE(i.reason, gi.reason) = 'sl'::text) THEN (('-1'::integer)::numeric - cost.cost_r)
            WHEN ((i.signal_id IS NOT NULL) OR (gi.signal_id IS NOT NULL)) THEN (0)::numeric
            ELSE NULL::numeric
        END AS settled_r
   FROM ((((((((public.signals s
     LEFT JOIN public.signal_triggers t ON ((t.signal_id = s.signal_id)))
     LEFT JOIN public.ghost_triggers gt ON ((gt.signal_id =
        CASE
            WHEN (t.signal_id IS NULL) THEN s.signal_id
            ELSE NULL::uuid
        END)))
     LEFT JOIN public.signal_invalidations i ON ((i.signal_id = s.signal_id)))
     LEFT JOIN public.signal_closures c ON ((c.signal_id = s.signal_id)))
     LEFT JOIN public.ghost_closures gc ON ((gc.signal_id =
        CASE
            WHEN ((c.signal_id IS NULL) AND (( SELECT own.signal_id
               FROM public.signal_invalidations own
              WHERE (own.signal_id = s.signal_id)) IS NULL)) THEN s.signal_id
            ELSE NULL::uuid
        END)))
     LEFT JOIN public.ghost_invalidations gi ON ((gi.signal_id =
        CASE
            WHEN ((c.signal_id IS NULL) AND (( SELECT own.signal_id
               FROM public.signal_invalidations own
              WHERE (own.signal_id = s.signal_id)) IS NULL)) THEN s.signal_id
            ELSE NULL::uuid
        END)))
     CROSS JOIN LATERAL ( SELECT COALESCE(c.rr_realized, gc.rr_realized) AS realized,
            COALESCE(c.rr_best, gc.rr_best) AS best,
            COALESCE(c.fees_r, NULLIF(gc.fees_r, (0)::numeric)) AS fees) r)
     CROSS JOIN LATERAL ( SELECT COALESCE(r.fees, (((public.round_trip_pct() / (100)::numeric) * s.entry) / NULLIF(abs((s.entry - s.sl)), (0)::numeric))) AS cost_r) cost);
COMMENT ON VIEW public.signal_outcomes IS 'Every signal with what became of it, by its engine, else by its ghost (outcome_from: engine, ghost; NULL: open). won: closed above 0 R; won_at_best: had every tie gone the other way (rr_best); stopped: invalidated by its stop without a closure; open: neither closed nor invalidated; cost_r: what a round trip costs in R, fees_r as sent, else from the distance of the stop, NULL if neither is known; net_r: rr_realized less cost_r; ghost_rr, ghost_rr_best, ghost_exit: what its ghost made of it, whoever tells the outcome; hit_tp1, hit_tp2: whether its trade reached them, NULL without a trade that ended, or a second target; settled_r: net_r, -1 less cost_r if stopped without a closure, 0 if it never came to a trade, NULL if it is open or its cost not known.';
CREATE FUNCTION public.chosen_outcomes(since timestamp with time zone DEFAULT NULL::timestamp with time zone, until timestamp with time zone DEFAULT NULL::timestamp with time zone, symbol text DEFAULT NULL::text, side text DEFAULT NULL::text, setup text DEFAULT NULL::text, rules text DEFAULT NULL::text, hour integer DEFAULT NULL::integer, weekday integer DEFAULT NULL::integer, bin integer DEFAULT NULL::integer, low numeric DEFAULT NULL::numeric, high numeric DEFAULT NULL::numeric, outcome text DEFAULT NULL::text, source text DEFAULT NULL::text, confidence integer DEFAULT NULL::integer, delay integer DEFAULT NULL::integer) RETURNS SETOF public.signal_outcomes
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT o.*
FROM signal_outcomes o
WHERE (chosen_outcomes.since IS NULL OR o.ts_published >= chosen_outcomes.since)
  AND (chosen_outcomes.until IS NULL OR o.ts_published < chosen_outcomes.until)
  AND (chosen_outcomes.symbol IS NULL OR o.symbol = chosen_outcomes.symbol)
  AND (chosen_outcomes.side IS NULL OR o.side = chosen_outcomes.side)
  AND (chosen_outcomes.setup IS NULL OR o.setup = chosen_outcomes.setup)
  AND (chosen_outcomes.rules IS NULL OR o.rules_version = chosen_outcomes.rules)
  AND (chosen_outcomes.hour IS NULL
       OR extract(hour FROM o.ts_published AT TIME ZONE 'Asia/Jakarta') = chosen_outcomes.hour)
  AND (chosen_outcomes.weekday IS NULL
       OR extract(isodow FROM o.ts_published AT TIME ZONE 'Asia/Jakarta') = chosen_outcomes.weekday)
  AND (chosen_outcomes.bin IS NULL OR o.bin = chosen_outcomes.bin)
  AND (chosen_outcomes.low IS NULL OR o.confluence_score >= chosen_outcomes.low)
  AND (chosen_outcomes.high IS NULL OR o.confluence_score < chosen_outcomes.high)
  AND (chosen_outcomes.source IS NULL OR o.outcome_from = chosen_outcomes.source)
  AND (chosen_outcomes.confidence IS NULL OR score_bin(o.confidence) = chosen_outcomes.confidence)
  AND (chosen_outcomes.delay IS NULL OR delay_bin(o.time_to_trigger_ms) = chosen_outcomes.delay)
  AND CASE chosen_outcomes.outcome
        WHEN 'closed' THEN o.closed
        WHEN 'won' THEN o.won
        WHEN 'lost' THEN o.closed AND NOT o.won
        WHEN 'sl' THEN o.stopped
        WHEN 'open' THEN o.open
        WHEN 'triggered' THEN o.triggered
        WHEN 'expired' THEN o.reason = 'expiry'
        WHEN 'traded' THEN o.hit_tp1 IS NOT NULL
        WHEN 'tp1' THEN o.hit_tp1
        WHEN 'traded2' THEN o.hit_tp2 IS NOT NULL
        WHEN 'tp2' THEN o.hit_tp2
        -- whatever a round trip costs: where no session says it, settled_r of those without fees is not known
        WHEN 'settled' THEN NOT o.open AND (o.settled_r IS NOT NULL OR o.entry <> o.sl)
        ELSE TRUE END
$$;
COMMENT ON FUNCTION public.chosen_outcomes(since timestamp with time zone, until timestamp with time zone, symbol text, side text, setup text, rules text, hour integer, weekday integer, bin integer, low numeric, high numeric, outcome text, source text, confidence integer, delay integer) IS 'signal_outcomes of a span of publication, of one symbol, side, setup, rules version, hour (0-23) or weekday (1: Monday) in WIB, bin, range of the score, outcome (closed, won, lost, sl, open, triggered, expired, traded, tp1, traded2, tp2, settled), source of the outcome (engine, ghost), bin of the confidence, bin of the wait for the entry; NULL: any.';
CREATE FUNCTION public.count_expired_records(gone bigint) RETURNS void
    LANGUAGE sql
    AS $$
INSERT INTO sink_counters AS c (backend, records_expired) VALUES (pg_backend_pid(), gone)
ON CONFLICT (backend) DO UPDATE SET records_expired = c.records_expired + excluded.records_expired
$$;
CREATE FUNCTION public.days_of(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF timestamp with time zone
    LANGUAGE sql STABLE ROWS 100 PARALLEL SAFE
    RETURN generate_series(date_trunc('day'::text, since, 'Asia/Jakarta'::text), date_trunc('day'::text, until, 'Asia/Jakarta'::text), '1 day'::interval);
COMMENT ON FUNCTION public.days_of(since timestamp with time zone, until timestamp with time zone) IS 'The beginning of each day in WIB from that of since to that of until.';
CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    event text,
    raw bytea NOT NULL,
    fields bytea DEFAULT '\x'::bytea NOT NULL,
    reason text NOT NULL,
    entry_ts timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON COLUMN public.dead_letters.raw IS 'The entry''s data field, byte for byte; empty if it had none.';
COMMENT ON COLUMN public.dead_letters.fields IS 'All other fields of the entry, MessagePack array of names and values.';
CREATE FUNCTION public.dead_letter_is(letter public.dead_letters, of_event text, with_reason text, since timestamp with time zone, until timestamp with time zone, ids bigint[], of_stream text, with_text text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT (of_event IS NULL OR letter.event = of_event)
       AND (with_reason IS NULL OR position(with_reason IN letter.reason) > 0)
       AND (since IS NULL OR letter.entry_ts >= since)
       AND (until IS NULL OR letter.entry_ts < until)
       AND (ids IS NULL OR letter.id = ANY(ids))
       AND (of_stream IS NULL OR letter.stream = of_stream)
       AND (with_text IS NULL OR position(convert_to(with_text, 'UTF8') IN letter.raw) > 0)
$$;
COMMENT ON FUNCTION public.dead_letter_is(letter public.dead_letters, of_event text, with_reason text, since timestamp with time zone, until timestamp with time zone, ids bigint[], of_stream text, with_text text) IS 'Whether a letter is one that a filter means: its event, a part of its reason, its entry''s time, its id, its stream, a part of its data.';
CREATE FUNCTION public.delay_edges_ms() RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY[(60000)::bigint, (300000)::bigint, (900000)::bigint, (3600000)::bigint];
CREATE FUNCTION public.delay_bin(delay_ms bigint) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN width_bucket(delay_ms, public.delay_edges_ms());
COMMENT ON FUNCTION public.delay_bin(delay_ms bigint) IS 'The number of the bin that holds a wait for the entry, 0 to 4: lower edges inclusive.';
CREATE FUNCTION public.drop_record_partition(part text, since timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET lock_timeout TO '500ms'
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    known CONSTANT REGCLASS := record_partition(part);
    gone BIGINT;
BEGIN
    IF part !~ '_day_\d{8}$' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is not the partition of a day', part);
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', known);
    IF record_partition_holds(part, since) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT count(*) FROM %s', known) INTO gone;
    -- counted before the drop: who recounts, and holds the counters, would wait for the partition
    PERFORM count_expired_records(gone);
    EXECUTE format('DROP TABLE %s', known);
    RETURN gone;
END $_$;
CREATE FUNCTION public.ensure_record_partitions(days date[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET lock_timeout TO '2s'
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    today CONSTANT DATE := now() AT TIME ZONE 'Asia/Jakarta';
    parent TEXT;
    day DATE;
    part TEXT;
    since UUID;
    until UUID;
    taken BOOLEAN;
BEGIN
    PERFORM pg_advisory_xact_lock(7305817261514715238);
    FOREACH day IN ARRAY days LOOP
        CONTINUE WHEN day NOT BETWEEN today - 8 AND today + 1;
        since := first_record_id(day);
        until := first_record_id(day + 1);
        FOREACH parent IN ARRAY ARRAY['records_market', 'records_engine'] LOOP
            part := format('%s_day_%s', parent, to_char(day, 'YYYYMMDD'));
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM %I WHERE record_id >= %L AND record_id < %L)', parent || '_rest', since, until
            ) INTO taken;
            CONTINUE WHEN taken;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)', part, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, since, until);
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION public.epoch_us(moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN isfinite(moment) THEN ((EXTRACT(epoch FROM moment) * (1000000)::numeric))::bigint WHEN (moment > '1970-01-01 00:00:00+00'::timestamp with time zone) THEN '9223372036854775807'::bigint ELSE '-9223372036854775808'::bigint END;
COMMENT ON FUNCTION public.epoch_us(moment timestamp with time zone) IS 'Whole microseconds since 1970 (UTC): a time as it goes into a digest.';
CREATE FUNCTION public.expire_records(part text, of_class text, before timestamp with time zone, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    known CONSTANT REGCLASS := record_partition(part);
    gone BIGINT;
BEGIN
    EXECUTE format(
        'DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE class = $1 AND ts < $2 LIMIT $3))', known, known
    ) USING of_class, before, most;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        PERFORM count_expired_records(gone);
    END IF;
    RETURN gone;
END $_$;
CREATE FUNCTION public.first_record_id(day date) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
    SELECT (lpad(to_hex(extract(epoch FROM day::timestamp AT TIME ZONE 'Asia/Jakarta')::bigint * 1000), 12, '0')
            || repeat('0', 20))::uuid
$$;
CREATE FUNCTION public.record_partition(part text) RETURNS regclass
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    found REGCLASS;
BEGIN
    SELECT t.relid INTO found FROM pg_partition_tree('records') t JOIN pg_class c ON c.oid = t.relid
    WHERE t.isleaf AND c.relname = part;
    IF found IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('no partition of records is called %s', part);
    END IF;
    RETURN found;
END $$;
CREATE FUNCTION public.record_partition_holds(part text, since timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    found BOOLEAN;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE ts >= $1)', record_partition(part)) INTO found USING since;
    RETURN found;
END $_$;
CREATE FUNCTION public.score_labels() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['<0.50'::text, '0.50-0.59'::text, '0.60-0.69'::text, '0.70-0.79'::text, '0.80+'::text];
COMMENT ON FUNCTION public.score_labels() IS 'What each bin of the score is called, the lowest first.';
CREATE FUNCTION public.score_bin_name(bin integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (public.score_labels())[(bin + 1)];
CREATE TABLE public.alert_chats (
    ref_id text NOT NULL,
    chat_id text NOT NULL,
    thread_id bigint,
    message_key text,
    reason text,
    held_at timestamp with time zone,
    doubted_at timestamp with time zone,
    digested_at timestamp with time zone,
    CONSTRAINT alert_chats_check CHECK (((message_key IS NOT NULL) OR (reason IS NOT NULL))),
    CONSTRAINT alert_chats_check1 CHECK (((reason IS NULL) = (held_at IS NULL))),
    CONSTRAINT alert_chats_check2 CHECK (((reason IS NULL) OR (doubted_at IS NULL))),
    CONSTRAINT alert_chats_check3 CHECK (((digested_at IS NULL) OR (reason IS NOT NULL) OR (doubted_at IS NOT NULL))),
    CONSTRAINT alert_chats_reason_check CHECK ((reason <> ''::text))
);
COMMENT ON TABLE public.alert_chats IS 'The chats that an alert is meant for: each has its message in the outbox, or was held with the reason.';
CREATE TABLE public.alert_lives (
    signal_id uuid NOT NULL,
    event text NOT NULL,
    ts timestamp with time zone NOT NULL,
    fields jsonb NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT alert_lives_event_check CHECK ((event = ANY (ARRAY['signal_triggered'::text, 'signal_invalidated'::text, 'signal_closed'::text, 'ghost_triggered'::text, 'ghost_invalidated'::text, 'ghost_closed'::text])))
);
COMMENT ON TABLE public.alert_lives IS 'What became of signals that have an alert, and of those that may yet get one: events come in any order, and the desk does not wait for the worker. Forgotten after a month.';
CREATE TABLE public.alerts (
    ref_id text NOT NULL,
    source_id text NOT NULL,
    signal_id uuid,
    category text NOT NULL,
    symbol text,
    side text,
    decision text NOT NULL,
    reason text,
    detail text,
    marks text[] DEFAULT '{}'::text[] NOT NULL,
    ts timestamp with time zone NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    alert jsonb NOT NULL,
    sizing jsonb,
    life text,
    over boolean DEFAULT false NOT NULL,
    CONSTRAINT alerts_category_check CHECK ((category = ANY (ARRAY['institutional'::text, 'sniper'::text, 'scalp'::text, 'health'::text]))),
    CONSTRAINT alerts_check CHECK (((decision = 'held'::text) = (reason IS NOT NULL))),
    CONSTRAINT alerts_decision_check CHECK ((decision = ANY (ARRAY['sent'::text, 'held'::text]))),
    CONSTRAINT alerts_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT alerts_ref_id_check CHECK ((ref_id ~ '^[A-Za-z0-9_]{1,48}$'::text)),
    CONSTRAINT alerts_side_check CHECK ((side = ANY (ARRAY['long'::text, 'short'::text])))
);
COMMENT ON TABLE public.alerts IS 'Every alert, once: sent, if any chat got it, or held with the reason. An alert of a reference that another has is held under one of its own.';
CREATE TABLE public.api_keys (
    key_id text NOT NULL,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL,
    cookie_secret bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_cookie_secret_check CHECK ((length(cookie_secret) = 32)),
    CONSTRAINT api_keys_name_check CHECK ((name <> ''::text)),
    CONSTRAINT api_keys_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'replay'::text, 'admin'::text]) AND (cardinality(scopes) > 0))),
    CONSTRAINT api_keys_secret_sha256_check CHECK ((length(secret_sha256) = 32))
);
COMMENT ON TABLE public.api_keys IS 'Keys of the HTTP API: only a hash of each is stored.';
CREATE TABLE public.control_state (
    one boolean DEFAULT true NOT NULL,
    state text NOT NULL,
    epoch bigint NOT NULL,
    by text DEFAULT ''::text NOT NULL,
    why text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT control_state_by_check CHECK ((length(by) <= 200)),
    CONSTRAINT control_state_epoch_check CHECK (((epoch >= 1) AND (epoch <= '4503599627370496'::bigint))),
    CONSTRAINT control_state_one_check CHECK (one),
    CONSTRAINT control_state_state_check CHECK ((state = ANY (ARRAY['running'::text, 'paused'::text]))),
    CONSTRAINT control_state_why_check CHECK ((length(why) <= 200))
);
COMMENT ON TABLE public.control_state IS 'One row: the last word of control; whoever reconciles asserts it in Redis again.';
COMMENT ON COLUMN public.control_state.epoch IS 'Its number, milliseconds since 1970 or more; the higher one counts, here and in Redis.';
ALTER TABLE public.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.desk_confirmations (
    id text NOT NULL,
    act text NOT NULL,
    user_id bigint NOT NULL,
    chat_id text NOT NULL,
    update_id bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    detail jsonb NOT NULL,
    CONSTRAINT desk_confirmations_id_check CHECK (((length(id) >= 16) AND (length(id) <= 32)))
);
COMMENT ON TABLE public.desk_confirmations IS 'What was asked before it was done: answered once, by who was asked, in time.';
CREATE TABLE public.desk_ghosts (
    id text NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    ref_id text,
    user_id bigint NOT NULL,
    by_user text NOT NULL,
    chat_id text NOT NULL,
    thread_id bigint,
    symbol text NOT NULL,
    side text,
    label text,
    price numeric,
    direction text,
    update_id bigint NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    became text,
    ended_at timestamp with time zone,
    CONSTRAINT desk_ghosts_check CHECK (((kind = 'line'::text) = ((price IS NOT NULL) AND (direction IS NOT NULL)))),
    CONSTRAINT desk_ghosts_check1 CHECK (((became IS NULL) = (ended_at IS NULL))),
    CONSTRAINT desk_ghosts_direction_check CHECK ((direction = ANY (ARRAY['above'::text, 'below'::text]))),
    CONSTRAINT desk_ghosts_id_check CHECK (((length(id) >= 1) AND (length(id) <= 512))),
    CONSTRAINT desk_ghosts_kind_check CHECK ((kind = ANY (ARRAY['order'::text, 'line'::text]))),
    CONSTRAINT desk_ghosts_side_check CHECK ((side = ANY (ARRAY['long'::text, 'short'::text])))
);
COMMENT ON TABLE public.desk_ghosts IS 'Paper orders and lines that were asked for by the bot: by whom, where, and how each ended.';
ALTER TABLE public.desk_ghosts ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.desk_ghosts_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.desk_refused (
    day date NOT NULL,
    reason text NOT NULL,
    n bigint NOT NULL,
    CONSTRAINT desk_refused_reason_check CHECK ((length(reason) <= 40))
);
COMMENT ON TABLE public.desk_refused IS 'Updates that nothing was done about, counted by WIB day: of strangers, forwarded, not readable. Nothing of them is kept.';
CREATE TABLE public.desk_risk (
    one boolean DEFAULT true NOT NULL,
    base_risk_pct numeric NOT NULL,
    equity numeric,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT desk_risk_base_risk_pct_check CHECK (((base_risk_pct > (0)::numeric) AND (base_risk_pct <= (100)::numeric))),
    CONSTRAINT desk_risk_equity_check CHECK ((equity > (0)::numeric)),
    CONSTRAINT desk_risk_one_check CHECK (one)
);
COMMENT ON TABLE public.desk_risk IS 'Base risk per trade, as set by /risk: one row. equity: where it is not that of the settings.';
CREATE TABLE public.desk_updates (
    update_id bigint NOT NULL,
    update jsonb NOT NULL,
    acts boolean NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    result text,
    done_at timestamp with time zone,
    CONSTRAINT desk_updates_check CHECK (((state = 'waiting'::text) = (done_at IS NULL))),
    CONSTRAINT desk_updates_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'done'::text, 'asked'::text, 'ignored'::text])))
);
COMMENT ON TABLE public.desk_updates IS 'Updates of Telegram from users with a role, each once: stored before it is confirmed, acted on once.';
CREATE TABLE public.desk_users (
    user_id bigint NOT NULL,
    role text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    chats text[],
    commands text[],
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    added_by text NOT NULL,
    CONSTRAINT desk_users_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'trader'::text, 'admin'::text]))),
    CONSTRAINT desk_users_user_id_check CHECK ((user_id > 0))
);
COMMENT ON TABLE public.desk_users IS 'Who may tell the bot something; whoever is not in it (or in TELEGRAM_ADMIN_IDS) may nothing.';
COMMENT ON COLUMN public.desk_users.chats IS 'Where: ids of chats, or chat/topic. NULL: everywhere.';
COMMENT ON COLUMN public.desk_users.commands IS 'Which commands, of those of the role. NULL: all of them.';
CREATE TABLE public.duplicate_counts (
    day date NOT NULL,
    duplicates bigint NOT NULL,
    CONSTRAINT duplicate_counts_duplicates_check CHECK ((duplicates >= 0))
);
CREATE TABLE public.event_conflicts (
    id bigint NOT NULL,
    event_id uuid NOT NULL,
    signal_id uuid,
    event text NOT NULL,
    payload jsonb NOT NULL,
    payload_hash text GENERATED ALWAYS AS (md5((payload)::text)) STORED,
    ts timestamp with time zone NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON TABLE public.event_conflicts IS 'An event or record that came again with other content. The first one stands in its table; this one is kept here.';
COMMENT ON COLUMN public.event_conflicts.event_id IS 'The event''s id, or the record''s.';
COMMENT ON COLUMN public.event_conflicts.signal_id IS 'NULL for a record.';
ALTER TABLE public.event_conflicts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.event_conflicts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.feedback (
    id bigint NOT NULL,
    ref_id text NOT NULL,
    signal_id uuid,
    chat_id text NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    via text NOT NULL,
    bias text,
    confidence numeric,
    latency_to_click_ms bigint,
    update_id bigint NOT NULL,
    ts timestamp with time zone NOT NULL,
    CONSTRAINT feedback_check CHECK (((value = 'none'::text) OR ((kind = 'rating'::text) AND (value = ANY (ARRAY['up'::text, 'down'::text]))) OR ((kind = 'took'::text) AND (value = ANY (ARRAY['took'::text, 'skipped'::text]))))),
    CONSTRAINT feedback_kind_check CHECK ((kind = ANY (ARRAY['rating'::text, 'took'::text]))),
    CONSTRAINT feedback_latency_to_click_ms_check CHECK ((latency_to_click_ms >= 0)),
    CONSTRAINT feedback_via_check CHECK ((via = ANY (ARRAY['button'::text, 'reaction'::text])))
);
COMMENT ON TABLE public.feedback IS 'Every click on an alert and every reaction to one, also those that took an earlier one back (none).';
COMMENT ON COLUMN public.feedback.bias IS 'The side that the alert was on, and confidence what it said: as they stood in the chat.';
COMMENT ON COLUMN public.feedback.latency_to_click_ms IS 'From the alert standing in that chat to the click; NULL if the former is not known.';
COMMENT ON COLUMN public.feedback.update_id IS 'Telegram''s number of the update: the same update again is the same click.';
ALTER TABLE public.feedback ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.feedback_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW public.feedback_latest AS
 SELECT DISTINCT ON (ref_id, user_id, kind) id,
    ref_id,
    signal_id,
    chat_id,
    user_id,
    kind,
    value,
    via,
    bias,
    confidence,
    latency_to_click_ms,
    update_id,
    ts
   FROM public.feedback
  ORDER BY ref_id, user_id, kind, ts DESC, id DESC;
COMMENT ON VIEW public.feedback_latest IS 'What a person says of an alert now: the last click on each of its two questions wins; none: it was taken back.';
CREATE VIEW public.feedback_results AS
 SELECT said.ref_id,
    said.signal_id,
    said.user_id,
    said.rating,
    said.took,
    said.latency_to_click_ms,
    said.ts,
    o.symbol,
    o.side,
    o.setup,
    o.ts_published,
        CASE
            WHEN (o.closed AND o.won) THEN 'won'::text
            WHEN o.closed THEN 'lost'::text
            WHEN o.open THEN 'open'::text
            ELSE o.reason
        END AS outcome,
    o.rr_realized
   FROM (( SELECT feedback_latest.ref_id,
            feedback_latest.signal_id,
            feedback_latest.user_id,
            max(feedback_latest.value) FILTER (WHERE (feedback_latest.kind = 'rating'::text)) AS rating,
            max(feedback_latest.value) FILTER (WHERE (feedback_latest.kind = 'took'::text)) AS took,
            min(feedback_latest.latency_to_click_ms) AS latency_to_click_ms,
            max(feedback_latest.ts) AS ts
           FROM public.feedback_latest
          WHERE (feedback_latest.value <> 'none'::text)
          GROUP BY feedback_latest.ref_id, feedback_latest.signal_id, feedback_latest.user_id) said
     LEFT JOIN public.signal_outcomes o USING (signal_id));
COMMENT ON VIEW public.feedback_results IS 'What each person says of each alert, beside what became of its signal: won, lost, open, or why it was invalidated.';
CREATE VIEW public.feedback_votes AS
 SELECT signal_id,
    ts_published,
    setup,
    closed,
    won,
    rr_realized,
    ups,
    downs,
    tooks,
    skips,
        CASE sign(((ups - downs))::double precision)
            WHEN 1 THEN 'up'::text
            WHEN '-1'::integer THEN 'down'::text
            ELSE NULL::text
        END AS rating,
        CASE sign(((tooks - skips))::double precision)
            WHEN 1 THEN 'took'::text
            WHEN '-1'::integer THEN 'skipped'::text
            ELSE NULL::text
        END AS took
   FROM ( SELECT in_time.signal_id,
            in_time.ts_published,
            in_time.setup,
            in_time.closed,
            in_time.won,
            in_time.rr_realized,
            count(*) FILTER (WHERE (in_time.value = 'up'::text)) AS ups,
            count(*) FILTER (WHERE (in_time.value = 'down'::text)) AS downs,
            count(*) FILTER (WHERE (in_time.value = 'took'::text)) AS tooks,
            count(*) FILTER (WHERE (in_time.value = 'skipped'::text)) AS skips
           FROM ( SELECT DISTINCT ON (o.ts_published, f.signal_id, f.ref_id, f.user_id, f.kind) f.signal_id,
                    o.ts_published,
                    o.setup,
                    o.closed,
                    o.won,
                    o.rr_realized,
                    f.value
                   FROM (public.feedback f
                     JOIN public.signal_outcomes o USING (signal_id))
                  WHERE (f.ts < COALESCE(LEAST(o.ts_closed, o.ts_invalidated), 'infinity'::timestamp with time zone))
                  ORDER BY o.ts_published, f.signal_id, f.ref_id, f.user_id, f.kind, f.ts DESC, f.id DESC) in_time
          GROUP BY in_time.ts_published, in_time.signal_id, in_time.setup, in_time.closed, in_time.won, in_time.rr_realized) counted;
COMMENT ON VIEW public.feedback_votes IS 'One vote for each signal that somebody clicked on before it ended: what most of the last clicks until then say (rating: up, down; took: took, skipped), NULL in a tie and where all were taken back.';
CREATE TABLE public.ghost_clock (
    one boolean DEFAULT true NOT NULL,
    at_us bigint NOT NULL,
    CONSTRAINT ghost_clock_one_check CHECK (one)
);
COMMENT ON TABLE public.ghost_clock IS 'One row: the latest end of a bar of any symbol, in steps; what waits for a symbol without bars runs out by it.';
CREATE TABLE public.ghost_lines (
    line_id text NOT NULL,
    number bigint NOT NULL,
    symbol text NOT NULL,
    price numeric NOT NULL,
    direction text NOT NULL,
    ref_id text,
    order_id text,
    signal_id uuid,
    by text,
    chat_id text,
    thread_id bigint,
    user_id bigint,
    label text,
    state bytea,
    status text NOT NULL,
    reason text,
    set_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    ended_at timestamp with time zone,
    rung_at timestamp with time zone,
    seen numeric,
    CONSTRAINT ghost_lines_check CHECK (((status = 'rung'::text) = (rung_at IS NOT NULL))),
    CONSTRAINT ghost_lines_check1 CHECK (((status = 'set'::text) = (ended_at IS NULL))),
    CONSTRAINT ghost_lines_check2 CHECK (((status = 'set'::text) = (state IS NOT NULL))),
    CONSTRAINT ghost_lines_direction_check CHECK ((direction = ANY (ARRAY['above'::text, 'below'::text]))),
    CONSTRAINT ghost_lines_line_id_check CHECK (((length(line_id) >= 1) AND (length(line_id) <= 512))),
    CONSTRAINT ghost_lines_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT ghost_lines_status_check CHECK ((status = ANY (ARRAY['set'::text, 'rung'::text, 'expired'::text, 'cancelled'::text, 'refused'::text])))
);
COMMENT ON TABLE public.ghost_lines IS 'Prices that ring, each once.';
CREATE TABLE public.ghost_position (
    stream text NOT NULL,
    entry_id text NOT NULL
);
COMMENT ON TABLE public.ghost_position IS 'The last entry of each partition that is in the rows of ghosts: whoever commits behind another finds it moved, and begins anew.';
CREATE TABLE public.ghost_symbols (
    symbol text NOT NULL,
    state bytea,
    latest_us bigint NOT NULL
);
COMMENT ON TABLE public.ghost_symbols IS 'What has been seen of each symbol''s market, as far as it is needed to go on.';
CREATE TABLE public.guard_alerts (
    id uuid NOT NULL,
    rule text NOT NULL,
    category text NOT NULL,
    subject text NOT NULL,
    engine text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    since timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    fired_at timestamp with time zone,
    well_since timestamp with time zone,
    resolved_at timestamp with time zone,
    ended text,
    last_told_at timestamp with time zone,
    told integer DEFAULT 0 NOT NULL,
    value double precision,
    limit_value double precision,
    examples text[] DEFAULT '{}'::text[] NOT NULL,
    message_key text,
    CONSTRAINT guard_alerts_category_check CHECK ((category = ANY (ARRAY['health'::text, 'performance'::text]))),
    CONSTRAINT guard_alerts_check CHECK (((state = 'pending'::text) OR (fired_at IS NOT NULL))),
    CONSTRAINT guard_alerts_check1 CHECK (((state = 'resolved'::text) = (resolved_at IS NOT NULL))),
    CONSTRAINT guard_alerts_ended_check CHECK ((ended = ANY (ARRAY['well'::text, 'gone'::text, 'rule'::text]))),
    CONSTRAINT guard_alerts_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'firing'::text, 'resolved'::text]))),
    CONSTRAINT guard_alerts_told_check CHECK ((told >= 0))
);
COMMENT ON TABLE public.guard_alerts IS 'Alerts about the engine and about signaltape itself: at most one of a rule and subject is open.';
CREATE TABLE public.guard_burn (
    rule text NOT NULL,
    subject text NOT NULL,
    engine text DEFAULT ''::text NOT NULL,
    minute timestamp with time zone NOT NULL,
    good bigint NOT NULL,
    bad bigint NOT NULL,
    CONSTRAINT guard_burn_bad_check CHECK ((bad >= 0)),
    CONSTRAINT guard_burn_good_check CHECK ((good >= 0))
);
COMMENT ON TABLE public.guard_burn IS 'What kept an objective and what did not, a minute a row, for the windows in which a budget burns. Kept four days.';
CREATE TABLE public.guard_days (
    day date NOT NULL,
    rule text NOT NULL,
    subject text NOT NULL,
    good bigint NOT NULL,
    bad bigint NOT NULL,
    CONSTRAINT guard_days_bad_check CHECK ((bad >= 0)),
    CONSTRAINT guard_days_good_check CHECK ((good >= 0))
);
COMMENT ON TABLE public.guard_days IS 'The same by day in WIB, for the error budget of 30 days. Kept for good.';
CREATE TABLE public.guard_minutes (
    minute timestamp with time zone NOT NULL,
    kind text NOT NULL,
    figure text NOT NULL,
    name text NOT NULL,
    engine text NOT NULL,
    n bigint NOT NULL,
    sum double precision NOT NULL,
    worst double precision NOT NULL,
    last double precision NOT NULL,
    last_at timestamp with time zone NOT NULL,
    n2xx bigint DEFAULT 0 NOT NULL,
    n3xx bigint DEFAULT 0 NOT NULL,
    n4xx bigint DEFAULT 0 NOT NULL,
    n429 bigint DEFAULT 0 NOT NULL,
    n5xx bigint DEFAULT 0 NOT NULL,
    bucket integer[] DEFAULT '{}'::integer[] NOT NULL,
    bucket_n bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    examples text[] DEFAULT '{}'::text[] NOT NULL,
    ids uuid[] NOT NULL,
    CONSTRAINT guard_minutes_check CHECK ((cardinality(bucket) = cardinality(bucket_n))),
    CONSTRAINT guard_minutes_n_check CHECK ((n >= 0))
);
COMMENT ON TABLE public.guard_minutes IS 'What engines measured, folded: a minute of one figure of one name a row, of all processes of an engine. Kept 40 days.';
COMMENT ON COLUMN public.guard_minutes.n4xx IS 'Without 429, which stands for itself.';
COMMENT ON COLUMN public.guard_minutes.bucket IS 'Indexes of the histogram''s buckets, ascending: see signaltape.measuring.histogram; bucket_n has their counts.';
COMMENT ON COLUMN public.guard_minutes.ids IS 'Of the records that were folded: one that is sent again, because Redis forgot it or its shipper was killed, counts once.';
CREATE TABLE public.guard_objectives (
    rule text NOT NULL,
    objective numeric NOT NULL,
    says text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT guard_objectives_objective_check CHECK (((objective > (0)::numeric) AND (objective < (100)::numeric)))
);
COMMENT ON TABLE public.guard_objectives IS 'Rules with an error budget of 30 days, as the guard has them; guard_days has good and bad of each day.';
CREATE TABLE public.guard_position (
    stream text NOT NULL,
    entry_id text NOT NULL
);
COMMENT ON TABLE public.guard_position IS 'How far each partition of the tape was folded.';
CREATE TABLE public.guard_silences (
    since timestamp with time zone NOT NULL,
    by_process text NOT NULL,
    told_at timestamp with time zone DEFAULT now() NOT NULL,
    back_at timestamp with time zone
);
COMMENT ON TABLE public.guard_silences IS 'When no guard was at work, as the desk told it.';
CREATE TABLE public.guard_slots (
    id uuid NOT NULL,
    slot timestamp with time zone NOT NULL,
    kind text NOT NULL,
    figure text NOT NULL,
    name text NOT NULL,
    engine text NOT NULL,
    n bigint NOT NULL,
    sum double precision NOT NULL,
    worst double precision NOT NULL,
    last double precision NOT NULL,
    last_at timestamp with time zone NOT NULL,
    n2xx bigint NOT NULL,
    n3xx bigint NOT NULL,
    n4xx bigint NOT NULL,
    n429 bigint NOT NULL,
    n5xx bigint NOT NULL,
    bucket integer[] NOT NULL,
    bucket_n bigint[] NOT NULL,
    examples text[] NOT NULL
);
COMMENT ON TABLE public.guard_slots IS 'The measurements of the last quarter of an hour as they came, ten seconds each: a guard that is begun anew goes on from them.';
CREATE TABLE public.guard_snoozes (
    category text NOT NULL,
    until timestamp with time zone NOT NULL,
    by text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT guard_snoozes_category_check CHECK ((category = ANY (ARRAY['health'::text, 'performance'::text])))
);
COMMENT ON TABLE public.guard_snoozes IS 'Categories of which nothing is told for a while; what still fires then is told at its end.';
CREATE TABLE public.guard_stamps (
    what text NOT NULL,
    at timestamp with time zone NOT NULL,
    says text DEFAULT ''::text NOT NULL,
    CONSTRAINT guard_stamps_what_check CHECK ((what = ANY (ARRAY['backup'::text, 'restore'::text])))
);
COMMENT ON TABLE public.guard_stamps IS 'When a backup, and a trial of restoring one, succeeded last: written by whoever makes it, as its last step.';
CREATE TABLE public.guard_state (
    one boolean DEFAULT true NOT NULL,
    evaluated_at timestamp with time zone NOT NULL,
    by_process text NOT NULL,
    remembered jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT guard_state_one_check CHECK (one)
);
COMMENT ON TABLE public.guard_state IS 'When rules were evaluated last, and by whom.';
CREATE TABLE public.guard_values (
    rule text NOT NULL,
    subject text NOT NULL,
    engine text DEFAULT ''::text NOT NULL,
    value double precision,
    limit_value double precision,
    breached boolean,
    n bigint DEFAULT 0 NOT NULL,
    at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.guard_values IS 'What each rule came to at its last evaluation, of each subject; breached NULL: too few measurements to say.';
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    message_key text NOT NULL,
    chat_id text NOT NULL,
    body text NOT NULL,
    entities jsonb DEFAULT '[]'::jsonb NOT NULL,
    not_after timestamp with time zone NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    message_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    filled integer DEFAULT 0 NOT NULL,
    lost_stubs integer DEFAULT 0 NOT NULL,
    fencing_token integer DEFAULT 0 CONSTRAINT outbox_attempts_not_null NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    leased_until timestamp with time zone,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    parts integer,
    told_week date,
    told jsonb,
    filling integer DEFAULT 0 NOT NULL,
    kind text DEFAULT 'report'::text NOT NULL,
    left_behind integer DEFAULT 0 NOT NULL,
    keyboard jsonb,
    silent boolean DEFAULT false NOT NULL,
    reply_to text,
    thread_id bigint,
    ref text,
    marks integer[] DEFAULT '{}'::integer[] NOT NULL,
    sent_at timestamp with time zone,
    stands boolean GENERATED ALWAYS AS (((state = 'sent'::text) OR COALESCE((filled >= parts), false))) STORED NOT NULL,
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'uncertain'::text, 'failed'::text, 'expired'::text])))
);
COMMENT ON COLUMN public.outbox.message_key IS 'For a report: report, week and chat. One message for ever.';
COMMENT ON COLUMN public.outbox.message_ids IS 'Telegram''s ids of the messages, one for each part of the text.';
COMMENT ON COLUMN public.outbox.filled IS 'How many of these messages hold their part of the text by now; the others are stubs.';
COMMENT ON COLUMN public.outbox.lost_stubs IS 'Stubs, or messages of an alert, that were begun and never answered for: each may or may not stand in the chat.';
COMMENT ON COLUMN public.outbox.fencing_token IS 'The number of the lease: a sender that was overtaken cannot write any more.';
COMMENT ON COLUMN public.outbox.parts IS 'How many messages the text takes; NULL in rows that are older than this column.';
COMMENT ON COLUMN public.outbox.told IS 'The bins of told_week as the text tells them: reported from the moment on at which the text stands in the chat.';
COMMENT ON COLUMN public.outbox.filling IS 'How many parts of the text stand in the chat, or may stand there: the last of them had no answer yet.';
COMMENT ON COLUMN public.outbox.kind IS 'How it is sent: report, as stubs that are filled; alert, answer and ring, as real messages, sent once more with a mark where the first had no answer. Rings go first. A sender leaves kinds that it does not know.';
COMMENT ON COLUMN public.outbox.left_behind IS 'How many parts hold their text in the group that the chat was: their message_ids are numbers of that one.';
COMMENT ON COLUMN public.outbox.keyboard IS 'Rows of buttons below its last part: text with data or url.';
COMMENT ON COLUMN public.outbox.silent IS 'Whether it comes without a sound.';
COMMENT ON COLUMN public.outbox.reply_to IS 'The key of the message that it replies to: it waits for that one, and ends with it if that is never sent.';
COMMENT ON COLUMN public.outbox.thread_id IS 'The topic of a group that it goes to.';
COMMENT ON COLUMN public.outbox.ref IS 'What is said of it where it may repeat itself.';
COMMENT ON COLUMN public.outbox.marks IS 'The places of the parts, from 0, that stand in the chat with the words that they may repeat.';
COMMENT ON COLUMN public.outbox.sent_at IS 'When it was known first that the whole text stands in the chat; NULL also in rows that are older than this column.';
COMMENT ON COLUMN public.outbox.stands IS 'Whether the whole text stands in the chat.';
CREATE VIEW public.kpi_delivery AS
 SELECT d.at,
    ((d.at AT TIME ZONE 'Asia/Jakarta'::text))::date AS day,
    m.messages,
    m.p50_s,
    m.p95_s,
    m.worst_s
   FROM (public.days_of(( SELECT min(alerts.decided_at) AS min
           FROM public.alerts
          WHERE (alerts.decision = 'sent'::text)), ( SELECT max(alerts.decided_at) AS max
           FROM public.alerts
          WHERE (alerts.decision = 'sent'::text))) d(at)
     CROSS JOIN LATERAL ( SELECT count(*) AS messages,
            percentile_disc((0.5)::double precision) WITHIN GROUP (ORDER BY lag.lag_s) AS p50_s,
            percentile_disc((0.95)::double precision) WITHIN GROUP (ORDER BY lag.lag_s) AS p95_s,
            max(lag.lag_s) AS worst_s
           FROM (((public.alerts a
             JOIN public.alert_chats c USING (ref_id))
             JOIN public.outbox o USING (message_key))
             CROSS JOIN LATERAL ( SELECT (GREATEST(EXTRACT(epoch FROM (COALESCE(o.sent_at, now()) - a.ts)), (0)::numeric))::double precision AS lag_s) lag)
          WHERE ((a.decision = 'sent'::text) AND (a.decided_at >= d.at) AND (a.decided_at < (d.at + '1 day'::interval)) AND ((o.sent_at IS NOT NULL) OR (o.state = ANY (ARRAY['queued'::text, 'sending'::text]))))) m);
COMMENT ON VIEW public.kpi_delivery IS 'By day: from an alert to where it stands in its chats; one that waits still counts as long as it has. As the guard has it.';
CREATE VIEW public.kpi_feedback AS
 SELECT d.at,
    ((d.at AT TIME ZONE 'Asia/Jakarta'::text))::date AS day,
    a.sent,
    a.clicked,
    ((a.clicked)::double precision / (NULLIF(a.sent, 0))::double precision) AS coverage_ratio
   FROM (public.days_of(( SELECT min(alerts.ts) AS min
           FROM public.alerts), ( SELECT max(alerts.ts) AS max
           FROM public.alerts)) d(at)
     CROSS JOIN LATERAL ( SELECT count(*) AS sent,
            count(*) FILTER (WHERE (EXISTS ( SELECT
                   FROM public.feedback_latest f
                  WHERE ((f.ref_id = alerts.ref_id) AND (f.value <> 'none'::text))))) AS clicked
           FROM public.alerts
          WHERE ((alerts.decision = 'sent'::text) AND (alerts.ts >= d.at) AND (alerts.ts < (d.at + '1 day'::interval)))) a);
COMMENT ON VIEW public.kpi_feedback IS 'By day: alerts that were sent, and those of which somebody says something. As the report has it.';
CREATE VIEW public.kpi_requests AS
 SELECT date_trunc('day'::text, minute, 'Asia/Jakarta'::text) AS at,
    ((minute AT TIME ZONE 'Asia/Jakarta'::text))::date AS day,
    engine,
    (sum(((((n2xx + n3xx) + n4xx) + n429) + n5xx)))::bigint AS requests,
    (sum(n5xx))::bigint AS n5xx,
    (sum(n429))::bigint AS n429,
    ((sum(n5xx))::double precision / (NULLIF(sum(((((n2xx + n3xx) + n4xx) + n429) + n5xx)), (0)::numeric))::double precision) AS n5xx_ratio
   FROM public.guard_minutes
  WHERE ((kind = 'http'::text) AND (figure = 'latency_ms'::text))
  GROUP BY (date_trunc('day'::text, minute, 'Asia/Jakarta'::text)), (((minute AT TIME ZONE 'Asia/Jakarta'::text))::date), engine;
COMMENT ON VIEW public.kpi_requests IS 'By day and engine: requests, and how many of them were answered with 5xx and 429.';
CREATE VIEW public.kpi_signal_latency AS
 WITH bucket AS (
         SELECT date_trunc('day'::text, guard_minutes.minute, 'Asia/Jakarta'::text) AS at,
            guard_minutes.engine,
            b.index,
            (sum(b.count))::bigint AS n
           FROM (public.guard_minutes
             CROSS JOIN LATERAL UNNEST(guard_minutes.bucket, guard_minutes.bucket_n) b(index, count))
          WHERE ((guard_minutes.kind = 'http'::text) AND (guard_minutes.figure = 'latency_ms'::text) AND (guard_minutes.name ~~ '% /api/signal/%'::text))
          GROUP BY (date_trunc('day'::text, guard_minutes.minute, 'Asia/Jakarta'::text)), guard_minutes.engine, b.index
        ), running AS (
         SELECT bucket.at,
            bucket.engine,
            bucket.index,
            sum(bucket.n) OVER w AS so_far,
            sum(bucket.n) OVER (PARTITION BY bucket.at, bucket.engine) AS requests
           FROM bucket
          WINDOW w AS (PARTITION BY bucket.at, bucket.engine ORDER BY bucket.index)
        )
 SELECT at,
    ((at AT TIME ZONE 'Asia/Jakarta'::text))::date AS day,
    engine,
    (max(requests))::bigint AS requests,
    public.bucket_value(min(index) FILTER (WHERE (so_far > floor((0.5 * (requests - (1)::numeric)))))) AS p50_ms,
    public.bucket_value(min(index) FILTER (WHERE (so_far > floor((0.95 * (requests - (1)::numeric)))))) AS p95_ms
   FROM running
  GROUP BY at, engine;
COMMENT ON VIEW public.kpi_signal_latency IS 'By day and engine: how long /api/signal/... took to answer, of all its endpoints together, in milliseconds.';
CREATE VIEW public.kpi_targets AS
 SELECT d.at,
    ((d.at AT TIME ZONE 'Asia/Jakarta'::text))::date AS day,
    o.traded,
    o.tp1,
    o.traded2,
    o.tp2,
    o.settled,
    o.net_r,
    ((o.tp1)::double precision / (NULLIF(o.traded, 0))::double precision) AS tp1_ratio,
    ((o.tp2)::double precision / (NULLIF(o.traded2, 0))::double precision) AS tp2_ratio,
    (((100)::numeric * o.net_r) / (NULLIF(o.settled, 0))::numeric) AS net_r_per_100
   FROM (public.days_of(( SELECT min(signals.ts_published) AS min
           FROM public.signals), ( SELECT max(signals.ts_published) AS max
           FROM public.signals)) d(at)
     CROSS JOIN LATERAL ( SELECT count(signal_outcomes.hit_tp1) AS traded,
            count(*) FILTER (WHERE signal_outcomes.hit_tp1) AS tp1,
            count(signal_outcomes.hit_tp2) AS traded2,
            count(*) FILTER (WHERE signal_outcomes.hit_tp2) AS tp2,
            count(signal_outcomes.settled_r) AS settled,
            COALESCE(sum(signal_outcomes.settled_r), (0)::numeric) AS net_r
           FROM public.signal_outcomes
          WHERE ((signal_outcomes.ts_published >= d.at) AND (signal_outcomes.ts_published < (d.at + '1 day'::interval)) AND (NOT signal_outcomes.open))) o);
COMMENT ON VIEW public.kpi_targets IS 'By day of publication: trades that ended (traded, traded2: with a second target) and reached TP1, TP2; signals whose end is known with its cost (settled), what they were worth net in R, and that by 100 of them. As the scorecard has it. What a round trip costs where the engine sends no fees is a setting of the session: see round_trip_pct.';
CREATE TABLE public.outbox_edits (
    message_key text NOT NULL,
    body text NOT NULL,
    entities jsonb DEFAULT '[]'::jsonb NOT NULL,
    keyboard jsonb,
    not_after timestamp with time zone NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    sent_revision bigint DEFAULT 0 NOT NULL,
    places integer DEFAULT 0 NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    in_doubt_until timestamp with time zone,
    doubtful_revision bigint,
    failures integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    leased_until timestamp with time zone,
    fencing_token integer DEFAULT 0 NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outbox_edits_check CHECK ((sent_revision <= revision)),
    CONSTRAINT outbox_edits_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'uncertain'::text, 'failed'::text, 'expired'::text])))
);
COMMENT ON COLUMN public.outbox_edits.keyboard IS 'The buttons from then on; NULL: none.';
COMMENT ON COLUMN public.outbox_edits.revision IS 'How often something else was wanted.';
COMMENT ON COLUMN public.outbox_edits.sent_revision IS 'The newest of them that Telegram said yes to.';
COMMENT ON COLUMN public.outbox_edits.places IS 'How many messages of a long text hold this revision already.';
COMMENT ON COLUMN public.outbox_edits.in_doubt_until IS 'Until then a call without an answer may still arrive: what is newer is said once more after that.';
COMMENT ON COLUMN public.outbox_edits.doubtful_revision IS 'The oldest revision of such a call.';
CREATE TABLE public.outbox_files (
    outbox_id bigint NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    message_id bigint,
    CONSTRAINT outbox_files_kind_check CHECK ((kind = ANY (ARRAY['photo'::text, 'document'::text]))),
    CONSTRAINT outbox_files_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'uncertain'::text, 'failed'::text])))
);
COMMENT ON COLUMN public.outbox_files.state IS 'uncertain: sent without an answer, so it may or may not stand in the chat; never sent again by itself.';
ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.records (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
)
PARTITION BY LIST (class);
COMMENT ON COLUMN public.records.class IS 'events, trades, orders, snapshots, market, desk or measures: what is kept equally long.';
COMMENT ON COLUMN public.records.event_type IS 'The record''s eventType, else its name in capitals: what replays choose by.';
CREATE TABLE public.records_desk (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
);
CREATE TABLE public.records_engine (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
)
PARTITION BY RANGE (record_id);
CREATE TABLE public.records_engine_rest (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
);
CREATE TABLE public.records_engine_undated (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
);
CREATE TABLE public.records_market (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
)
PARTITION BY RANGE (record_id);
CREATE TABLE public.records_market_rest (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
);
CREATE TABLE public.records_market_undated (
    record_id uuid CONSTRAINT records_record_id_not_null1 NOT NULL,
    event text CONSTRAINT records_event_not_null1 NOT NULL,
    class text CONSTRAINT records_class_not_null1 NOT NULL,
    symbol text,
    event_type text CONSTRAINT records_event_type_not_null1 NOT NULL,
    payload jsonb CONSTRAINT records_payload_not_null1 NOT NULL,
    ts timestamp with time zone CONSTRAINT records_ts_not_null1 NOT NULL,
    stream text CONSTRAINT records_stream_not_null1 NOT NULL,
    entry_id text CONSTRAINT records_entry_id_not_null1 NOT NULL,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT records_received_at_not_null1 NOT NULL
);
CREATE TABLE public.rules_versions (
    version text NOT NULL,
    parent text NOT NULL,
    week_start date NOT NULL,
    weights jsonb NOT NULL,
    why text NOT NULL,
    evidence jsonb NOT NULL,
    status text DEFAULT 'proposed'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT rules_versions_check CHECK (((status = ANY (ARRAY['accepted'::text, 'rejected'::text])) = (decided_at IS NOT NULL))),
    CONSTRAINT rules_versions_status_check CHECK ((status = ANY (ARRAY['proposed'::text, 'accepted'::text, 'rejected'::text, 'superseded'::text]))),
    CONSTRAINT rules_versions_week_start_check CHECK ((EXTRACT(isodow FROM week_start) = (1)::numeric))
);
COMMENT ON COLUMN public.rules_versions.parent IS 'The rules version whose weights these change.';
COMMENT ON COLUMN public.rules_versions.evidence IS 'What each layer''s lift was when this was proposed.';
CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.signal_event_days (
    day date NOT NULL,
    n bigint NOT NULL,
    late bigint NOT NULL,
    rows_digest bytea NOT NULL,
    names_digest bytea NOT NULL,
    purges bigint NOT NULL,
    purged_through bigint NOT NULL,
    purges_digest bytea NOT NULL,
    prev_digest bytea NOT NULL,
    digest bytea NOT NULL,
    unaccounted bigint NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT signal_event_days_check CHECK (((late >= 0) AND (late <= n))),
    CONSTRAINT signal_event_days_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT signal_event_days_n_check CHECK ((n >= 0)),
    CONSTRAINT signal_event_days_names_digest_check CHECK ((length(names_digest) = 32)),
    CONSTRAINT signal_event_days_prev_digest_check CHECK ((length(prev_digest) = 32)),
    CONSTRAINT signal_event_days_purges_check CHECK ((purges >= 0)),
    CONSTRAINT signal_event_days_purges_digest_check CHECK ((length(purges_digest) = 32)),
    CONSTRAINT signal_event_days_rows_digest_check CHECK ((length(rows_digest) = 32))
);
COMMENT ON TABLE public.signal_event_days IS 'One seal a day (WIB) of signal_events, each chained to the one before. See docs/sealed.md.';
COMMENT ON COLUMN public.signal_event_days.late IS 'Rows among n whose received_at lies before the day: committed after their own day was sealed.';
COMMENT ON COLUMN public.signal_event_days.digest IS 'SHA-256 of all above but purged_through, as lines of text; prev_digest: of the seal before, 32 zero bytes in the first.';
COMMENT ON COLUMN public.signal_event_days.unaccounted IS 'What the counters said beyond the rows that are there: not looked for again. Not part of the digest.';
CREATE TABLE public.signal_event_names (
    day date NOT NULL,
    chunk integer NOT NULL,
    late boolean NOT NULL,
    first_us bigint NOT NULL,
    last_us bigint NOT NULL,
    events text[] NOT NULL,
    names bytea NOT NULL,
    CONSTRAINT signal_event_names_names_check CHECK (((length(names) % 28) = 0))
);
ALTER TABLE ONLY public.signal_event_names ALTER COLUMN names SET STORAGE EXTERNAL;
COMMENT ON TABLE public.signal_event_names IS 'The rows of a seal by name, in chunks.';
COMMENT ON COLUMN public.signal_event_names.first_us IS 'received_at of its first row, in microseconds since 1970; last_us: of its last one.';
COMMENT ON COLUMN public.signal_event_names.names IS 'For each row: signal_id (16 bytes), which of events (1 byte), the first 11 bytes of the digest of its content.';
CREATE TABLE public.signal_event_purges (
    id bigint NOT NULL,
    signal_id uuid NOT NULL,
    event text NOT NULL,
    digest bytea NOT NULL,
    received_us bigint NOT NULL,
    sealed boolean NOT NULL,
    purged_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT signal_event_purges_digest_check CHECK ((length(digest) = 32))
);
COMMENT ON TABLE public.signal_event_purges IS 'A tombstone for every event that was purged: chained by the next seal.';
COMMENT ON COLUMN public.signal_event_purges.sealed IS 'Whether a seal held it when it went.';
ALTER TABLE public.signal_event_purges ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.signal_event_purges_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.signal_events (
    event_id uuid NOT NULL,
    signal_id uuid NOT NULL,
    event text NOT NULL,
    schema_version smallint NOT NULL,
    symbol text NOT NULL,
    payload jsonb NOT NULL,
    ts timestamp with time zone NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_insert_scale_factor='0.01');
COMMENT ON TABLE public.signal_events IS 'Every event that was accepted, once, as it was sent. Append-only.';
COMMENT ON COLUMN public.signal_events.event_id IS 'uuid5 of "<signal_id>:<event>": unique because those two are. It has no index; look events up by them.';
CREATE TABLE public.signal_layers (
    signal_id uuid NOT NULL,
    layer text NOT NULL,
    matched boolean NOT NULL,
    weight numeric,
    value jsonb
);
COMMENT ON COLUMN public.signal_layers.weight IS 'Its weight in the score, as sent; NULL if the engine did not say.';
CREATE VIEW public.signals_held_back AS
 SELECT DISTINCT ON (o.ts_published, a.signal_id) a.signal_id,
    o.ts_published,
    a.reason,
    o.closed,
    o.won,
    o.rr_realized,
    o.side,
    o.outcome_from,
    (a.reason = ANY (ARRAY['snoozed'::text, 'budget'::text, 'paused'::text, 'min_rr'::text])) AS by_choice
   FROM (public.alerts a
     JOIN public.signal_outcomes o USING (signal_id))
  WHERE ((a.decision = 'held'::text) AND (NOT (EXISTS ( SELECT
           FROM public.alerts s
          WHERE ((s.signal_id = a.signal_id) AND (s.decision = 'sent'::text))))))
  ORDER BY o.ts_published, a.signal_id, a.decided_at, a.ref_id;
COMMENT ON VIEW public.signals_held_back IS 'Signals of which no alert was sent, with what became of them; reason: why the first of their alerts was held.';
CREATE TABLE public.sink_counters (
    backend integer NOT NULL,
    events_stored bigint DEFAULT 0 NOT NULL,
    events_purged bigint DEFAULT 0 NOT NULL,
    records_stored bigint DEFAULT 0 NOT NULL,
    records_expired bigint DEFAULT 0 NOT NULL,
    event_duplicates bigint DEFAULT 0 NOT NULL,
    record_duplicates bigint DEFAULT 0 NOT NULL,
    conflicts_kept bigint DEFAULT 0 NOT NULL,
    conflicts_purged bigint DEFAULT 0 NOT NULL,
    dead_letters_kept bigint DEFAULT 0 NOT NULL,
    dead_letters_removed bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');
COMMENT ON TABLE public.sink_counters IS 'What was ever stored, dropped and removed; sum the rows.';
COMMENT ON COLUMN public.sink_counters.backend IS 'pg_backend_pid() of who counted; 0: folded.';
COMMENT ON COLUMN public.sink_counters.records_expired IS 'Removed by retention.';
COMMENT ON COLUMN public.sink_counters.event_duplicates IS 'Events dropped because the same one is there: the sum of duplicate_counts.';
COMMENT ON COLUMN public.sink_counters.dead_letters_removed IS 'Requeued or dropped by hand.';
CREATE TABLE public.snoozes (
    chat_id text NOT NULL,
    category text NOT NULL,
    until timestamp with time zone NOT NULL,
    by_user text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT snoozes_category_check CHECK ((category = ANY (ARRAY[''::text, 'institutional'::text, 'sniper'::text, 'scalp'::text, 'health'::text])))
);
COMMENT ON TABLE public.snoozes IS 'Chats that want no alerts (of a category) for a while: held with the reason snoozed, and told by a digest.';
CREATE TABLE public.tape_records (
    id bigint CONSTRAINT desk_records_id_not_null NOT NULL,
    event text CONSTRAINT desk_records_event_not_null NOT NULL,
    ts timestamp with time zone CONSTRAINT desk_records_ts_not_null NOT NULL,
    fields json CONSTRAINT desk_records_fields_not_null NOT NULL,
    room text NOT NULL
);
COMMENT ON TABLE public.tape_records IS 'What rooms have yet to put on the tape: acts of people, fills of ghosts. Empty but for moments.';
ALTER TABLE public.tape_records ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tape_records_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.telegram_chats (
    chat_id text NOT NULL,
    moved_to text NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT telegram_chats_check CHECK ((chat_id <> moved_to)),
    CONSTRAINT telegram_chats_group_to_supergroup CHECK (((chat_id ~ '^-[1-9][0-9]{0,11}$'::text) AND (moved_to ~ '^-[1-9][0-9]{12,}$'::text)))
);
COMMENT ON TABLE public.telegram_chats IS 'Chats that Telegram gave a new id (a group that became a supergroup): a report is sent once, under whichever id.';
CREATE TABLE public.telegram_pace (
    scope text NOT NULL,
    calls timestamp with time zone[] NOT NULL
);
COMMENT ON TABLE public.telegram_pace IS 'When the last calls for a chat, or (scope *) for all, were due, and until when a chat is left alone (scope hold): one pace for every sender, over restarts.';
CREATE TABLE public.web_audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    request_id text NOT NULL,
    outcome text
);
COMMENT ON TABLE public.web_audit IS 'Every write that was asked for over HTTP: who, when, what.';
COMMENT ON COLUMN public.web_audit.outcome IS 'What came of it. NULL: it was begun, and what came of it could not be noted any more.';
ALTER TABLE public.web_audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.web_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.weekly_scorecard (
    week_start date NOT NULL,
    bins jsonb NOT NULL,
    monotonic_ok boolean NOT NULL,
    quality jsonb DEFAULT '{}'::jsonb NOT NULL,
    reported jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT weekly_scorecard_week_start_check CHECK ((EXTRACT(isodow FROM week_start) = (1)::numeric))
);
COMMENT ON COLUMN public.weekly_scorecard.reported IS 'The bins as the report said them; a closure that comes later changes bins, not this.';
ALTER TABLE ONLY public.records ATTACH PARTITION public.records_desk FOR VALUES IN ('desk');
ALTER TABLE ONLY public.records ATTACH PARTITION public.records_engine DEFAULT;
ALTER TABLE ONLY public.records_engine ATTACH PARTITION public.records_engine_rest DEFAULT;
ALTER TABLE ONLY public.records_engine ATTACH PARTITION public.records_engine_undated FOR VALUES FROM ('07000000-0000-0000-0000-000000000000') TO (MAXVALUE);
ALTER TABLE ONLY public.records ATTACH PARTITION public.records_market FOR VALUES IN ('market');
ALTER TABLE ONLY public.records_market ATTACH PARTITION public.records_market_rest DEFAULT;
ALTER TABLE ONLY public.records_market ATTACH PARTITION public.records_market_undated FOR VALUES FROM ('07000000-0000-0000-0000-000000000000') TO (MAXVALUE);
ALTER TABLE ONLY public.alert_chats
    ADD CONSTRAINT alert_chats_pkey PRIMARY KEY (ref_id, chat_id);
ALTER TABLE ONLY public.alert_lives
    ADD CONSTRAINT alert_lives_pkey PRIMARY KEY (signal_id, event);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (ref_id);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_source_id_key UNIQUE (source_id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);
ALTER TABLE ONLY public.control_state
    ADD CONSTRAINT control_state_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.desk_confirmations
    ADD CONSTRAINT desk_confirmations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.desk_ghosts
    ADD CONSTRAINT desk_ghosts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.desk_refused
    ADD CONSTRAINT desk_refused_pkey PRIMARY KEY (day, reason);
ALTER TABLE ONLY public.desk_risk
    ADD CONSTRAINT desk_risk_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.desk_updates
    ADD CONSTRAINT desk_updates_pkey PRIMARY KEY (update_id);
ALTER TABLE ONLY public.desk_users
    ADD CONSTRAINT desk_users_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.duplicate_counts
    ADD CONSTRAINT duplicate_counts_pkey PRIMARY KEY (day);
ALTER TABLE ONLY public.event_conflicts
    ADD CONSTRAINT event_conflicts_event_id_payload_hash_key UNIQUE (event_id, payload_hash);
ALTER TABLE ONLY public.event_conflicts
    ADD CONSTRAINT event_conflicts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT feedback_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT feedback_update_id_kind_key UNIQUE (update_id, kind);
ALTER TABLE ONLY public.ghost_clock
    ADD CONSTRAINT ghost_clock_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.ghost_closures
    ADD CONSTRAINT ghost_closures_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.ghost_fills
    ADD CONSTRAINT ghost_fills_pkey PRIMARY KEY (order_id, seq);
ALTER TABLE ONLY public.ghost_invalidations
    ADD CONSTRAINT ghost_invalidations_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.ghost_lines
    ADD CONSTRAINT ghost_lines_pkey PRIMARY KEY (line_id);
ALTER TABLE ONLY public.ghost_orders
    ADD CONSTRAINT ghost_orders_pkey PRIMARY KEY (order_id);
ALTER TABLE ONLY public.ghost_position
    ADD CONSTRAINT ghost_position_pkey PRIMARY KEY (stream);
ALTER TABLE ONLY public.ghost_symbols
    ADD CONSTRAINT ghost_symbols_pkey PRIMARY KEY (symbol);
ALTER TABLE ONLY public.ghost_triggers
    ADD CONSTRAINT ghost_triggers_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.guard_alerts
    ADD CONSTRAINT guard_alerts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.guard_burn
    ADD CONSTRAINT guard_burn_pkey PRIMARY KEY (rule, subject, minute);
ALTER TABLE ONLY public.guard_days
    ADD CONSTRAINT guard_days_pkey PRIMARY KEY (day, rule, subject);
ALTER TABLE ONLY public.guard_minutes
    ADD CONSTRAINT guard_minutes_pkey PRIMARY KEY (minute, kind, figure, name, engine);
ALTER TABLE ONLY public.guard_objectives
    ADD CONSTRAINT guard_objectives_pkey PRIMARY KEY (rule);
ALTER TABLE ONLY public.guard_position
    ADD CONSTRAINT guard_position_pkey PRIMARY KEY (stream);
ALTER TABLE ONLY public.guard_silences
    ADD CONSTRAINT guard_silences_pkey PRIMARY KEY (since);
ALTER TABLE ONLY public.guard_slots
    ADD CONSTRAINT guard_slots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.guard_snoozes
    ADD CONSTRAINT guard_snoozes_pkey PRIMARY KEY (category);
ALTER TABLE ONLY public.guard_stamps
    ADD CONSTRAINT guard_stamps_pkey PRIMARY KEY (what);
ALTER TABLE ONLY public.guard_state
    ADD CONSTRAINT guard_state_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.guard_values
    ADD CONSTRAINT guard_values_pkey PRIMARY KEY (rule, subject);
ALTER TABLE ONLY public.outbox_edits
    ADD CONSTRAINT outbox_edits_pkey PRIMARY KEY (message_key);
ALTER TABLE ONLY public.outbox_files
    ADD CONSTRAINT outbox_files_pkey PRIMARY KEY (outbox_id, "position");
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_message_key_key UNIQUE (message_key);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.records_desk
    ADD CONSTRAINT records_desk_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_engine
    ADD CONSTRAINT records_engine_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_engine_rest
    ADD CONSTRAINT records_engine_rest_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_engine_undated
    ADD CONSTRAINT records_engine_undated_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_market
    ADD CONSTRAINT records_market_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_market_rest
    ADD CONSTRAINT records_market_rest_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.records_market_undated
    ADD CONSTRAINT records_market_undated_pkey PRIMARY KEY (record_id);
ALTER TABLE ONLY public.rules_versions
    ADD CONSTRAINT rules_versions_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.signal_closures
    ADD CONSTRAINT signal_closures_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.signal_event_days
    ADD CONSTRAINT signal_event_days_digest_key UNIQUE (digest);
ALTER TABLE ONLY public.signal_event_days
    ADD CONSTRAINT signal_event_days_pkey PRIMARY KEY (day);
ALTER TABLE ONLY public.signal_event_names
    ADD CONSTRAINT signal_event_names_pkey PRIMARY KEY (day, chunk);
ALTER TABLE ONLY public.signal_event_purges
    ADD CONSTRAINT signal_event_purges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signal_events
    ADD CONSTRAINT signal_events_pkey PRIMARY KEY (signal_id, event);
ALTER TABLE ONLY public.signal_invalidations
    ADD CONSTRAINT signal_invalidations_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.signal_layers
    ADD CONSTRAINT signal_layers_pkey PRIMARY KEY (signal_id, layer);
ALTER TABLE ONLY public.signal_triggers
    ADD CONSTRAINT signal_triggers_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.signals
    ADD CONSTRAINT signals_pkey PRIMARY KEY (signal_id);
ALTER TABLE ONLY public.sink_counters
    ADD CONSTRAINT sink_counters_pkey PRIMARY KEY (backend);
ALTER TABLE ONLY public.snoozes
    ADD CONSTRAINT snoozes_pkey PRIMARY KEY (chat_id, category);
ALTER TABLE ONLY public.tape_records
    ADD CONSTRAINT tape_records_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.telegram_chats
    ADD CONSTRAINT telegram_chats_pkey PRIMARY KEY (chat_id);
ALTER TABLE ONLY public.telegram_pace
    ADD CONSTRAINT telegram_pace_pkey PRIMARY KEY (scope);
ALTER TABLE ONLY public.web_audit
    ADD CONSTRAINT web_audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.weekly_scorecard
    ADD CONSTRAINT weekly_scorecard_pkey PRIMARY KEY (week_start);
CREATE UNIQUE INDEX alert_chats_message ON public.alert_chats USING btree (message_key);
CREATE INDEX alert_chats_to_tell ON public.alert_chats USING btree (chat_id) WHERE (((reason IS NOT NULL) OR (doubted_at IS NOT NULL)) AND (digested_at IS NULL));
CREATE INDEX alert_chats_told ON public.alert_chats USING btree (chat_id, digested_at) WHERE (digested_at IS NOT NULL);
CREATE INDEX alert_lives_received_at ON public.alert_lives USING btree (received_at);
CREATE INDEX alerts_decided ON public.alerts USING btree (decided_at);
CREATE INDEX alerts_open ON public.alerts USING btree (expires_at) WHERE ((decision = 'sent'::text) AND (NOT over));
CREATE INDEX alerts_sent ON public.alerts USING btree (decided_at) WHERE (decision = 'sent'::text);
CREATE INDEX alerts_signal ON public.alerts USING btree (signal_id) WHERE (signal_id IS NOT NULL);
CREATE INDEX dead_letters_entry_ts ON public.dead_letters USING btree (entry_ts);
CREATE UNIQUE INDEX dead_letters_once ON public.dead_letters USING btree (stream, entry_id, md5(raw), md5(fields), COALESCE(event, ''::text));
CREATE INDEX desk_confirmations_made_at ON public.desk_confirmations USING btree (made_at);
CREATE INDEX desk_ghosts_live ON public.desk_ghosts USING btree (chat_id) WHERE ((cancelled_at IS NULL) AND (ended_at IS NULL));
CREATE UNIQUE INDEX desk_ghosts_number ON public.desk_ghosts USING btree (number);
CREATE INDEX desk_ghosts_ref ON public.desk_ghosts USING btree (ref_id) WHERE (ref_id IS NOT NULL);
CREATE INDEX desk_updates_received_at ON public.desk_updates USING btree (received_at);
CREATE INDEX desk_updates_waiting ON public.desk_updates USING btree (acts, update_id) WHERE (state = 'waiting'::text);
CREATE INDEX event_conflicts_ts ON public.event_conflicts USING btree (ts);
CREATE INDEX feedback_latest_idx ON public.feedback USING btree (ref_id, user_id, kind, ts DESC, id DESC);
CREATE INDEX feedback_signal_idx ON public.feedback USING btree (signal_id);
CREATE INDEX ghost_closures_ts ON public.ghost_closures USING btree (ts_closed);
CREATE INDEX ghost_invalidations_ts ON public.ghost_invalidations USING btree (ts_invalidated);
CREATE UNIQUE INDEX ghost_lines_number ON public.ghost_lines USING btree (number);
CREATE INDEX ghost_lines_set ON public.ghost_lines USING btree (number) WHERE (state IS NOT NULL);
CREATE INDEX ghost_orders_by_status ON public.ghost_orders USING btree (status, number);
CREATE INDEX ghost_orders_by_symbol ON public.ghost_orders USING btree (symbol, number);
CREATE UNIQUE INDEX ghost_orders_number ON public.ghost_orders USING btree (number);
CREATE INDEX ghost_orders_published ON public.ghost_orders USING btree (published_at);
CREATE INDEX ghost_orders_signal ON public.ghost_orders USING btree (signal_id) WHERE (signal_id IS NOT NULL);
CREATE INDEX ghost_orders_unended ON public.ghost_orders USING btree (number) WHERE (state IS NOT NULL);
CREATE INDEX ghost_triggers_ts ON public.ghost_triggers USING btree (ts_triggered);
CREATE UNIQUE INDEX guard_alerts_open ON public.guard_alerts USING btree (rule, subject) WHERE (state <> 'resolved'::text);
CREATE INDEX guard_alerts_resolved ON public.guard_alerts USING btree (resolved_at) WHERE (state = 'resolved'::text);
CREATE INDEX guard_burn_minute ON public.guard_burn USING btree (minute);
CREATE INDEX guard_silences_open ON public.guard_silences USING btree (since) WHERE (back_at IS NULL);
CREATE INDEX guard_slots_slot ON public.guard_slots USING btree (slot);
CREATE INDEX outbox_alert_refs ON public.outbox USING btree (ref) WHERE (kind = 'alert'::text);
CREATE INDEX outbox_edits_open ON public.outbox_edits USING btree (next_try_at) WHERE (state = ANY (ARRAY['queued'::text, 'sending'::text]));
CREATE INDEX outbox_failed ON public.outbox USING btree (updated_at) WHERE (state = 'failed'::text);
CREATE INDEX outbox_in_doubt ON public.outbox USING btree (updated_at) WHERE (state = 'uncertain'::text);
CREATE INDEX outbox_message_ids ON public.outbox USING gin (message_ids) WHERE (message_ids <> '{}'::bigint[]);
CREATE INDEX outbox_open ON public.outbox USING btree (next_try_at) WHERE (state = ANY (ARRAY['queued'::text, 'sending'::text]));
CREATE INDEX records_ts ON ONLY public.records USING brin (ts);
CREATE INDEX records_desk_ts_idx ON public.records_desk USING brin (ts);
CREATE INDEX records_engine_ts_idx ON ONLY public.records_engine USING brin (ts);
CREATE INDEX records_engine_rest_ts_idx ON public.records_engine_rest USING brin (ts);
CREATE INDEX records_engine_undated_ts_idx ON public.records_engine_undated USING brin (ts);
CREATE INDEX records_market_ts_idx ON ONLY public.records_market USING brin (ts);
CREATE INDEX records_market_rest_ts_idx ON public.records_market_rest USING brin (ts);
CREATE INDEX records_market_undated_ts_idx ON public.records_market_undated USING brin (ts);
CREATE INDEX signal_closures_ts ON public.signal_closures USING btree (ts_closed);
CREATE INDEX signal_event_purges_signal ON public.signal_event_purges USING btree (signal_id);
CREATE INDEX signal_events_entry ON public.signal_events USING brin (entry_id);
CREATE INDEX signal_events_times ON public.signal_events USING brin (ts, received_at);
CREATE INDEX signal_invalidations_ts ON public.signal_invalidations USING btree (ts_invalidated);
CREATE INDEX signal_triggers_ts ON public.signal_triggers USING btree (ts_triggered);
CREATE INDEX signals_ref ON public.signals USING btree (ref_id) WHERE (ref_id IS NOT NULL);
CREATE INDEX signals_rules ON public.signals USING btree (rules_version, ts_published);
CREATE INDEX signals_setup ON public.signals USING btree (setup, ts_published) WHERE (setup IS NOT NULL);
CREATE INDEX signals_symbol ON public.signals USING btree (symbol, ts_published);
CREATE INDEX signals_ts_published ON public.signals USING btree (ts_published);
CREATE INDEX web_audit_at ON public.web_audit USING btree (at);
ALTER INDEX public.records_ts ATTACH PARTITION public.records_desk_ts_idx;
ALTER INDEX public.records_engine_pkey ATTACH PARTITION public.records_engine_rest_pkey;
ALTER INDEX public.records_engine_ts_idx ATTACH PARTITION public.records_engine_rest_ts_idx;
ALTER INDEX public.records_ts ATTACH PARTITION public.records_engine_ts_idx;
ALTER INDEX public.records_engine_pkey ATTACH PARTITION public.records_engine_undated_pkey;
ALTER INDEX public.records_engine_ts_idx ATTACH PARTITION public.records_engine_undated_ts_idx;
ALTER INDEX public.records_market_pkey ATTACH PARTITION public.records_market_rest_pkey;
ALTER INDEX public.records_market_ts_idx ATTACH PARTITION public.records_market_rest_ts_idx;
ALTER INDEX public.records_ts ATTACH PARTITION public.records_market_ts_idx;
ALTER INDEX public.records_market_pkey ATTACH PARTITION public.records_market_undated_pkey;
ALTER INDEX public.records_market_ts_idx ATTACH PARTITION public.records_market_undated_ts_idx;
ALTER TABLE ONLY public.outbox_edits
    ADD CONSTRAINT outbox_edits_message_key_fkey FOREIGN KEY (message_key) REFERENCES public.outbox(message_key) ON DELETE CASCADE;
ALTER TABLE ONLY public.outbox_files
    ADD CONSTRAINT outbox_files_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES public.outbox(id) ON DELETE CASCADE;
