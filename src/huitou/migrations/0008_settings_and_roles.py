import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def give_roles(apps, schema_editor):
    """Who could sign in goes on doing so: the first of them, in use if any is, as administrator, the others as operators."""
    Account = apps.get_model('huitou', 'Account')
    staff = apps.get_model('auth', 'User').objects.filter(is_staff=True).order_by('-is_active', 'date_joined', 'id')
    for place, user in enumerate(staff):
        Account.objects.create(user=user, role='operator' if place else 'admin')


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ("huitou", "0007_consent_not_given"),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('user', models.OneToOneField(db_column='user_id', on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to=settings.AUTH_USER_MODEL)),
                ('role', models.TextField()),
                ('must_change', models.BooleanField(default=False)),
                ('session_number', models.IntegerField(default=0)),
            ],
            options={
                'db_table': 'account',
            },
        ),
        migrations.CreateModel(
            name='Setting',
            fields=[
                ('name', models.TextField(primary_key=True, serialize=False)),
                ('value', models.TextField()),
            ],
            options={
                'db_table': 'setting',
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.BigIntegerField()),
                ('by', models.TextField()),
                ('kind', models.TextField()),
                ('subject', models.TextField()),
                ('before', models.TextField(default='')),
                ('after', models.TextField(default='')),
            ],
            options={
                'db_table': 'change',
                'indexes': [models.Index(fields=['kind', 'at'], name='change_kind')],
            },
        ),
        migrations.CreateModel(
            name='KnownPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('address', models.TextField()),
                ('at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'known_place',
                'constraints': [models.UniqueConstraint(fields=('name', 'address'), name='known_place_once')],
            },
        ),
        migrations.CreateModel(
            name='SignInTry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('address', models.TextField()),
                ('at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'sign_in_try',
                'indexes': [models.Index(fields=['name', 'at'], name='sign_in_try_name'), models.Index(fields=['address', 'at'], name='sign_in_try_address'), models.Index(fields=['at'], name='sign_in_try_at')],
            },
        ),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
