"""What is known about functions: which make rows, which answer differently each time, which nobody knows.

sqlglot parses the functions that it knows to a class of their own; ``tests/unit/test_sql_lineage_traits.py`` fails when
a new version brings another one, so that somebody looks at it. The rest are names.
"""

from __future__ import annotations

from sqlglot import exp

_SET_RETURNING = (
    exp.Explode,
    exp.ExplodeOuter,
    exp.ExplodingGenerateSeries,
    exp.Inline,
    exp.Posexplode,
    exp.PosexplodeOuter,
    exp.Stack,
    exp.UDTF,
)
_STRANGE = (
    exp.AIAgg,
    exp.AIClassify,
    exp.AIEmbed,
    exp.AIForecast,
    exp.AIGenerate,
    exp.AISimilarity,
    exp.AISummarizeAgg,
    exp.Apply,
    exp.ConnectByRoot,
    exp.DynamicIdentifier,
    exp.FeaturesAtTime,
    exp.GapFill,
    exp.GenerateBool,
    exp.GenerateDouble,
    exp.GenerateEmbedding,
    exp.GenerateInt,
    exp.GenerateTable,
    exp.GenerateText,
    exp.Generator,
    exp.JSONTable,
    exp.MLForecast,
    exp.MLTranslate,
    exp.NetFunc,
    exp.OpenJSON,
    exp.Predict,
    exp.ReadCSV,
    exp.ReadParquet,
    exp.SafeFunc,
    exp.VectorSearch,
    exp.XMLTable,
)
"""Functions that sqlglot knows and that are no plain functions of their arguments."""
_VOLATILE = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentTimestampLTZ,
    exp.CurrentTransaction,
    exp.CurrentUser,
    exp.CurrentUserId,
    exp.Localtime,
    exp.Localtimestamp,
    exp.NextValueFor,
    exp.Normal,
    exp.Rand,
    exp.Randn,
    exp.Randstr,
    exp.Seq1,
    exp.Seq2,
    exp.Seq4,
    exp.Seq8,
    exp.SessionUser,
    exp.Shuffle,
    exp.Systimestamp,
    exp.TableSample,
    exp.Uniform,
    exp.UtcDate,
    exp.UtcTime,
    exp.UtcTimestamp,
    exp.Uuid,
    exp.Zipf,
)
_VOLATILE_NAMES_TEXT = """
age clock_timestamp currval error gen_random_uuid generateuuidv4 get_current_time get_current_timestamp getdate
getvariable input_file_name lastval localtime localtimestamp monotonically_increasing_id newid nextval now
pg_postmaster_start_time random sequence_nextval session_user setseed setval sleep_ms spark_partition_id
statement_timestamp stats sysdate timeofday today transaction_timestamp txid_current unix_timestamp user uuid
uuid_string uuidv4 uuidv7 vector_type version write_log
"""
_VOLATILE_NAMES = frozenset(_VOLATILE_NAMES_TEXT.split())
_DUCKDB_TEXT = """
arbitrary arg_max_null arg_max_nulls_last arg_min_null arg_min_nulls_last array_aggr array_aggregate array_apply
array_cosine_distance array_cosine_similarity array_cross_product array_distance array_dot_product array_extract
array_grade_up array_has_any array_indexof array_inner_product array_negative_dot_product array_negative_inner_product
array_pop_back array_pop_front array_push_back array_push_front array_reduce array_resize array_reverse_sort
array_select array_sort array_to_json array_transform array_unique array_value array_where array_zip bar base64 bin
binom bit_count bit_position bitstring bitstring_agg cardinality century damerau_levenshtein date_part date_sub
datepart datesub days_in_month decade decimal_average decimal_division element_at entropy enum_code enum_first
enum_last enum_range enum_range_boundary epoch_ns epoch_us equi_width_bins era even favg fdiv fmod
formatReadableDecimalSize formatReadableSize format_bytes format_type from_binary from_json_strict fsum gamma gcd
geomean geometric_mean grade_up greatest_common_divisor hamming hash histogram histogram_exact isfinite isoyear
jaccard jaro_similarity json_array_length json_contains json_deep_merge json_exists json_group_array json_group_object
json_group_structure json_insert json_merge_patch json_merge_patch_diff json_normalize json_pretty json_quote
json_replace json_structure json_transform json_transform_strict json_valid json_value julian kahan_sum kurtosis_pop
lcm least_common_multiple left_grapheme length_grapheme lgamma list_aggr list_aggregate list_any_value list_apply
list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat
list_cosine_similarity list_count list_dot_product list_element list_entropy list_extract list_first list_grade_up
list_has_all list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last
list_mad list_median list_mode list_negative_dot_product list_negative_inner_product list_pack list_position
list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem list_skewness list_slice
list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum list_unique list_var_pop list_var_samp list_where
list_zip lttb mad make_timestamp_ms make_timestamp_ns make_timestamptz map_concat map_contains map_contains_entry
map_contains_value map_entries map_extract map_extract_value map_values md5_number md5_number_lower md5_number_upper
mean microsecond millennium millisecond mismatches nanosecond nextafter nfc_normalize normalized_interval octet_length
ord parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path path_join prefix printf product
rank_dense regexp_escape regexp_split_to_array remap_struct reservoir_quantile right_grapheme
round_even roundbankers row row_to_json sem set_bit signbit strip_accents strlen struct_concat struct_contains
struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_position struct_update struct_values
substring_grapheme suffix sum_no_overflow sumkahan switch timezone timezone_hour timezone_minute to_base to_centuries
to_decades to_hours to_json to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
to_weeks to_years try_strptime unbin union_extract union_tag union_value url_decode url_encode uuid_extract_timestamp
uuid_extract_version variant_array_length variant_contains variant_exists variant_extract variant_extract_string
variant_group_array variant_group_object variant_keys variant_normalize variant_type variant_typeof wavg weekday
weighted_avg yearweek
"""
_DUCKDB = frozenset(_DUCKDB_TEXT.split())
"""DuckDB's functions that sqlglot has no class for: one value out for the arguments (or for the group) put in."""
_AGGREGATES_TEXT = """
arbitrary arg_max_null arg_max_nulls_last arg_min_null arg_min_nulls_last bitstring_agg combine_aggr count_star
decimal_average entropy favg fsum geomean geometric_mean histogram histogram_exact json_group_array json_group_object
json_group_structure kahan_sum kurtosis_pop lttb mad mean product reservoir_quantile sem sum_no_overflow sumkahan
variant_group_array variant_group_object wavg weighted_avg
"""
_AGGREGATES = frozenset(_AGGREGATES_TEXT.split())
"""Those of them that make one row of many."""
_MOMENTS = frozenset({"now", "today", "tomorrow", "yesterday"})


def spelled(node: exp.Expr) -> str:
    """A function by its name, as a reader knows it."""
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        return f"{node.name.lower()}()"
    if isinstance(node, exp.Literal):
        return f"'{node.name}'"
    return f"{node.sql_name().lower()}()" if isinstance(node, exp.Func) else node.key.upper()


def is_aggregate(node: exp.Expr) -> bool:
    """True for a function that makes one value of many rows."""
    named = isinstance(node, exp.Anonymous) and node.name.lower() in _AGGREGATES
    return named or isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc))


def is_method(node: exp.Expr) -> bool:
    """``a.f(b)``: a function of a column, or a function of somebody's in a schema ``a``."""
    if not isinstance(node, exp.Dot) or not isinstance(node.expression, exp.Func):
        return False
    before = node.this
    while isinstance(before, exp.Dot) and isinstance(before.expression, exp.Identifier):
        before = before.this
    return isinstance(before, (exp.Column, exp.Identifier))


def is_unknown(node: exp.Expr, dialect: str) -> bool:
    """True for a function that could do anything: a UDF, a macro, or one that only the warehouse knows."""
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        return dialect != "duckdb" or node.name.lower() not in _DUCKDB | _VOLATILE_NAMES
    return isinstance(node, _STRANGE)


def makes_rows(projection: exp.Expr, dialect: str) -> bool:
    """True for a projection with a function in it that makes several rows of one, outside of queries of its own."""
    steps = [projection]
    while steps:
        node = steps.pop()
        if _returns_rows(node, dialect):
            return True
        if not isinstance(node, exp.Query):
            steps.extend(node.iter_expressions())
    return False


def is_volatile(node: exp.Expr) -> bool:
    """True for what may be something else when the same query runs again."""
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        name = node.name.lower()
        return name in _VOLATILE_NAMES or name.startswith("current_")
    if isinstance(node, exp.Literal):
        return node.is_string and node.name.lower() in _MOMENTS  # CAST('today' AS DATE)
    return isinstance(node, _VOLATILE)


def _returns_rows(node: exp.Expr, dialect: str) -> bool:
    if isinstance(node, exp.GenerateSeries):
        return dialect != "duckdb"  # DuckDB makes a list
    return isinstance(node, _SET_RETURNING)
