-- The dictionaries that pages of the core and of bundled plugins look up by their codes. Values are
-- what the API takes and gives; labels and colours may be changed.
INSERT INTO sys_dict_type (name, code, created_time) VALUES
    ('系统状态', 'sys_status', 1750969746000),
    ('系统开关', 'sys_choose', 1750969746000),
    ('菜单类型', 'sys_menu_type', 1750969746000),
    ('登录状态', 'sys_login_status', 1750969746000),
    ('数据规则运算符', 'sys_data_rule_operator', 1750969746000),
    ('数据规则表达式', 'sys_data_rule_expression', 1750969746000),
    ('前端参数', 'sys_frontend_config', 1750969746000),
    ('任务策略', 'task_strategy_type', 1750969746000),
    ('任务周期单位', 'task_period_type', 1750969746000),
    ('通知公告类型', 'notice', 1750969746000),
    ('在线状态', 'user_online_status', 1750969746000),
    ('插件来源', 'sys_plugin_type', 1750969746000);

WITH entry (code, sort, label, value, color) AS (VALUES
    ('sys_status', 1, '停用', '0', 'red'),
    ('sys_status', 2, '正常', '1', 'green'),
    ('sys_choose', 1, '关闭', 'false', 'error'),
    ('sys_choose', 2, '开启', 'true', 'success'),
    ('sys_menu_type', 1, '目录', '0', 'orange'),
    ('sys_menu_type', 2, '菜单', '1', 'default'),
    ('sys_menu_type', 3, '按钮', '2', 'processing'),
    ('sys_menu_type', 4, '内嵌', '3', 'cyan'),
    ('sys_menu_type', 5, '外链', '4', 'purple'),
    ('sys_login_status', 1, '失败', '0', 'error'),
    ('sys_login_status', 2, '成功', '1', 'success'),
    ('sys_data_rule_operator', 1, 'AND', '0', 'green'),
    ('sys_data_rule_operator', 2, 'OR', '1', 'gold'),
    ('sys_data_rule_expression', 1, '等于(==)', '0', 'blue'),
    ('sys_data_rule_expression', 2, '不等于(!=)', '1', 'red'),
    ('sys_data_rule_expression', 3, '大于(>)', '2', 'orange'),
    ('sys_data_rule_expression', 4, '大于等于(>=)', '3', 'gold'),
    ('sys_data_rule_expression', 5, '小于(<)', '4', 'green'),
    ('sys_data_rule_expression', 6, '小于等于(<=)', '5', 'lime'),
    ('sys_data_rule_expression', 7, '包含(in)', '6', 'cyan'),
    ('sys_data_rule_expression', 8, '不包含(not in)', '7', 'purple'),
    ('sys_frontend_config', 1, '否', '0', 'red'),
    ('sys_frontend_config', 2, '是', '1', 'green'),
    ('task_strategy_type', 1, 'Interval（间隔）', '0', 'cyan'),
    ('task_strategy_type', 2, 'Crontab（计划）', '1', 'purple'),
    ('task_period_type', 1, '天', 'days', 'blue'),
    ('task_period_type', 2, '小时', 'hours', 'cyan'),
    ('task_period_type', 3, '分钟', 'minutes', 'green'),
    ('task_period_type', 4, '秒', 'seconds', 'gold'),
    ('task_period_type', 5, '微秒', 'microseconds', 'magenta'),
    ('notice', 1, '通知', '0', 'magenta'),
    ('notice', 2, '公告', '1', 'purple'),
    ('user_online_status', 1, '离线', '0', 'warning'),
    ('user_online_status', 2, '在线', '1', 'success'),
    ('sys_plugin_type', 1, '压缩包', '0', 'gold'),
    ('sys_plugin_type', 2, 'GIT', '1', 'processing')
)
INSERT INTO sys_dict_data (type_id, type_code, label, value, color, sort, status, created_time)
SELECT type.id, type.code, entry.label, entry.value, entry.color, entry.sort, 1, type.created_time
FROM entry JOIN sys_dict_type type ON type.code = entry.code
ORDER BY type.id, entry.sort;
